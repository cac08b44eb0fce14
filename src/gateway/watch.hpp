// Notices that files have changed, by looking at them twice a second.
//
// Looking, not inotify: what is watched may lie behind symbolic links that are swapped (certbot,
// Kubernetes) or on a network file system, and a dozen stat calls cost nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace sallyport::gateway {

class Watch : public std::enable_shared_from_this<Watch> {
 public:
    /// A change is reported when the files have been still for one interval: a certificate and its
    /// key are seldom replaced in the same instant.
    static constexpr std::chrono::milliseconds interval{400};

    static std::shared_ptr<Watch> start(boost::asio::io_context& context,
                                        std::function<void()> changed);

    /// Watches these from now on; a file that is missing may appear.
    void follow(std::vector<std::filesystem::path> const& files);

 private:
    /// What changes when a file is written, replaced, or its link is turned.
    struct Stamp {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = -1;  ///< -1: there is no such file
        std::int64_t modified_ns = 0;
        std::int64_t changed_ns = 0;
        friend bool operator==(Stamp const&, Stamp const&) = default;
    };
    using Stamps = std::map<std::filesystem::path, Stamp>;

    Watch(boost::asio::io_context& context, std::function<void()> changed);
    static Stamp stamp(std::filesystem::path const& file);
    void wait();
    void look();

    boost::asio::steady_timer timer_;
    std::function<void()> changed_;
    Stamps served_;  ///< as they were when they were last read
    Stamps seen_;    ///< as they were at the last look
};

}  // namespace sallyport::gateway
