// SSLRequest and Protocol::HandshakeResponse41: what a client says first. Real clients leave out
// what they have nothing to say about when it would come last; so do the readers here allow it.
#include "wire/mysql/fields.hpp"
#include "wire/mysql/messages.hpp"

namespace sallyport::mysql {
namespace {

constexpr std::size_t filler = 19;
// What a client means that agreed on zstd and ended its login before the level: libmysqlclient's
// default (mysql_options, MYSQL_OPT_ZSTD_COMPRESSION_LEVEL).
constexpr std::uint8_t default_zstd_level = 3;

Bytes read_auth(Reader& in, std::uint32_t capabilities) {
    if ((capabilities & capability::plugin_auth_lenenc) != 0) return take_lenenc(in);
    if ((capabilities & capability::secure_connection) != 0) return in.take(in.u8());
    return as_bytes(text_to_nul_or_end(in));
}

void write_auth(Writer& out, std::string_view auth, std::uint32_t capabilities) {
    if ((capabilities & capability::plugin_auth_lenenc) != 0) {
        write_lenenc(out, as_bytes(auth));
    } else if ((capabilities & capability::secure_connection) != 0) {
        auto const fits = auth.substr(0, 0xff);
        out.u8(static_cast<std::uint8_t>(fits.size()));
        out.text(fits);
    } else {
        out.text_with_nul(auth);
    }
}

void write_head(Writer& out, LoginHead const& head) {
    out.u32le(head.capabilities);
    out.u32le(head.max_packet);
    out.u8(head.charset);
    out.zeros(filler);
    bool const is_mariadb = (head.capabilities & capability::mysql) == 0;
    out.u32le(is_mariadb ? head.extended : 0);
}

}  // namespace

Result<LoginHead> read_login_head(Bytes payload) {
    Reader in(payload);
    // Clients from before 4.1 send two bytes of capabilities, where the bit for 4.1 is, too.
    auto const low = Reader(payload).u16le();
    if (payload.size() >= sizeof low && (low & capability::protocol_41) == 0)
        return Errc::old_protocol;

    LoginHead head;
    head.capabilities = in.u32le();
    head.max_packet = in.u32le();
    head.charset = in.u8();
    in.skip(filler);
    auto const extended = in.u32le();
    if ((head.capabilities & capability::mysql) == 0) head.extended = extended;
    if (!in.ok()) return Errc::malformed;
    return head;
}

Result<LoginHead> read_ssl_request(Bytes payload) {
    auto const head = read_login_head(payload);
    if (!head || payload.size() != login_head_size) return Errc::malformed;
    if ((head->capabilities & capability::ssl) == 0) return Errc::malformed;
    return head;
}

Buffer write_ssl_request(LoginHead const& head) {
    Buffer payload;
    Writer out(payload);
    write_head(out, head);
    return payload;
}

Result<Login> read_login(Bytes payload) {
    auto const head = read_login_head(payload);
    if (!head) return head.error();
    auto const capabilities = head->capabilities;
    auto const has = [capabilities](std::uint32_t bit) { return (capabilities & bit) != 0; };

    Reader in(payload.subspan(login_head_size));
    Login login;
    login.head = *head;
    login.user = in.text_to_nul();
    login.auth = as_text(read_auth(in, capabilities));
    if (has(capability::connect_with_db)) login.database = text_to_nul_or_end(in);
    if (has(capability::plugin_auth)) login.plugin = text_to_nul_or_end(in);
    if (has(capability::connect_attrs) && in.remaining() > 0)
        login.attributes = as_text(take_lenenc(in));
    if (has(capability::zstd_compression))
        login.zstd_level = in.remaining() > 0 ? in.u8() : default_zstd_level;
    if (!in.ok()) return Errc::malformed;
    return login;
}

Buffer write_login(Login const& login) {
    auto const capabilities = login.head.capabilities;
    auto const has = [capabilities](std::uint32_t bit) { return (capabilities & bit) != 0; };

    Buffer payload;
    Writer out(payload);
    write_head(out, login.head);
    out.text_with_nul(login.user);
    write_auth(out, login.auth, capabilities);
    if (has(capability::connect_with_db)) out.text_with_nul(login.database);
    if (has(capability::plugin_auth)) out.text_with_nul(login.plugin);
    if (has(capability::connect_attrs)) write_lenenc(out, as_bytes(login.attributes));
    if (has(capability::zstd_compression)) out.u8(login.zstd_level);
    return payload;
}

}  // namespace sallyport::mysql
