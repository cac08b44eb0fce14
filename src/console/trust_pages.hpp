// /trust/: what clients and databases must trust, for people and for machines.
#pragma once

#include "console/page.hpp"
#include "console/trust_directory.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace sallyport::console {

class TrustPages {
 public:
    static constexpr std::string_view root = "/trust/";

    /// `own` is what the gateway made itself; a file of the directory goes before one of its name.
    TrustPages(std::shared_ptr<TrustDirectory> directory, std::vector<PublishedPtr> own)
        : directory_(std::move(directory)), own_(std::move(own)) {}

    /// To a GET or HEAD of a path that begins with `root`.
    Answer answer(Ask const& ask) const;

 private:
    Answer index(Ask const& ask) const;
    Answer file(Ask const& ask, std::string const& name) const;
    std::vector<PublishedPtr> all() const;

    std::shared_ptr<TrustDirectory> directory_;
    std::vector<PublishedPtr> own_;
};

}  // namespace sallyport::console
