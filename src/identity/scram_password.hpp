// A password in the form that PostgreSQL makes keys of.
#pragma once

#include <string_view>
#include <vector>

namespace sallyport::identity {

/// `password` after SASLprep (RFC 4013); the bytes as they are where SASLprep says nothing about
/// them (not UTF-8) or forbids them: what libpq and the server both do, so that every password has
/// a verifier. It is wiped at the end.
class PreparedPassword {
 public:
    explicit PreparedPassword(std::string_view password);
    PreparedPassword(PreparedPassword const&) = delete;
    PreparedPassword& operator=(PreparedPassword const&) = delete;
    ~PreparedPassword();

    std::string_view text() const { return text_; }

 private:
    std::vector<char> prepared_;
    std::string_view text_;
};

}  // namespace sallyport::identity
