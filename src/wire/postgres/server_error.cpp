// ErrorResponse and NoticeResponse: texts, each behind a letter that says what it is.
#include "wire/postgres/messages.hpp"

namespace sallyport::postgres {
namespace {

/// Chapter 55.8.
namespace field {
constexpr char severity = 'S';
/// The same in English, whatever language the server speaks; PostgreSQL before 9.6 has none.
constexpr char severity_in_english = 'V';
constexpr char code = 'C';
constexpr char message = 'M';
constexpr char detail = 'D';
constexpr char hint = 'H';
}  // namespace field

void keep(ServerError& error, char name, std::string_view text) {
    switch (name) {
        case field::severity:
            if (error.severity.empty()) error.severity = text;
            break;
        case field::severity_in_english:
            error.severity = text;
            break;
        case field::code:
            error.code = text;
            break;
        case field::message:
            error.message = text;
            break;
        case field::detail:
            error.detail = text;
            break;
        case field::hint:
            error.hint = text;
            break;
        default:
            break;
    }
}

}  // namespace

Result<ServerError> read_error(Bytes body) {
    Reader in(body);
    ServerError error;
    error.severity.clear();
    for (auto name = in.u8(); name != 0; name = in.u8())
        keep(error, static_cast<char>(name), in.text_to_nul());
    if (!in.ok() || in.remaining() > 0) return Errc::malformed;
    return error;
}

Buffer write_error(ServerError const& error) {
    Buffer body;
    Writer out(body);
    auto const write = [&](char name, std::string_view text) {
        out.u8(static_cast<std::uint8_t>(name));
        out.text_with_nul(text);
    };
    write(field::severity, error.severity);
    write(field::severity_in_english, error.severity);
    write(field::code, error.code);
    write(field::message, error.message);
    if (!error.detail.empty()) write(field::detail, error.detail);
    if (!error.hint.empty()) write(field::hint, error.hint);
    out.u8(0);
    return make_message(message::error_response, body);
}

}  // namespace sallyport::postgres
