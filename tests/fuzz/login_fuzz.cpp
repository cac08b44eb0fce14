// A client's SSLRequest and login: what is read can be written, and is then read as the same; what
// we make of a login for a backend can be written, too.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/opening.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = fuzz::input(data, size);
    if (auto const request = mysql::read_ssl_request(bytes)) {
        auto const again = mysql::read_ssl_request(mysql::write_ssl_request(*request));
        fuzz::require(again && again->capabilities == request->capabilities);
        fuzz::require(again->extended == request->extended);
    }
    auto const first = mysql::read_login(bytes);
    if (!first) return 0;
    auto const written = mysql::write_login(*first);
    auto const second = mysql::read_login(written);
    fuzz::require(second.has_value());
    fuzz::require(second->user == first->user && second->auth == first->auth);
    fuzz::require(second->database == first->database && second->plugin == first->plugin);
    fuzz::require(second->attributes == first->attributes);
    fuzz::require(second->zstd_level == first->zstd_level);
    fuzz::require(mysql::write_login(*second) == written);

    mysql::Greeting backend;
    backend.capabilities = ~first->head.max_packet | mysql::capability::protocol_41;
    backend.extended = ~0U;
    auto const sent_on = mysql::login_for(*first, backend);
    if (!sent_on) return 0;
    auto const arrives = mysql::read_login(mysql::write_login(*sent_on));
    fuzz::require(arrives && arrives->user == first->user && arrives->auth.empty());
    fuzz::require(arrives->database == first->database);
    return 0;
}
