#include "wire/postgres/scram_messages.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace sallyport::postgres {
namespace {

// The alphabets of RFC 5802 section 7, whatever the locale says.
bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_of_base64(char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '/';
}
bool is_of_binding_name(char c) {
    return is_alpha(c) || is_digit(c) || c == '.' || c == '-';
}
bool is_printable(char c) {
    return c >= 0x21 && c <= 0x7e && c != ',';
}

/// An empty one is grammatical and means nothing anywhere here, so it is none.
bool is_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return false;
    auto const padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    text.remove_suffix(padding);
    return std::all_of(text.begin(), text.end(), is_of_base64);
}

/// In a client-first-message there is one part of the nonce, in all others there are both.
bool is_nonce(std::string_view text, std::size_t parts) {
    return !text.empty() && text.size() <= parts * max_nonce &&
           std::all_of(text.begin(), text.end(), is_printable);
}

/// posit-number; 0 where it is none, or has more than 31 bits.
std::uint32_t read_iterations(std::string_view text) {
    if (text.empty() || text.front() == '0') return 0;
    std::uint32_t number = 0;
    auto const* const end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, number);
    bool const fits = number <= std::uint32_t{std::numeric_limits<std::int32_t>::max()};
    return read.ec == std::errc() && read.ptr == end && fits ? number : 0;
}

/// attr-val *("," attr-val), one at a time. After the first fault every value is empty.
class Attributes {
 public:
    struct Attribute {
        char name = 0;
        std::string_view value;
    };

    explicit Attributes(std::string_view text) : rest_(text) {}

    bool ok() const { return ok_; }
    bool at_end() const { return at_end_; }

    Attribute next() {
        if (at_end_) return fail();
        auto const comma = rest_.find(',');
        auto const text = rest_.substr(0, comma);
        at_end_ = comma == rest_.npos;
        rest_.remove_prefix(at_end_ ? rest_.size() : comma + 1);
        bool const is_attribute = text.size() >= 2 && is_alpha(text[0]) && text[1] == '=';
        // A server or client that does not know what m= stands for must not go on (section 5.1);
        // nobody knows yet.
        if (!is_attribute || text[0] == 'm' || text.find('\0') != text.npos) return fail();
        return {text[0], text.substr(2)};
    }

    /// The value of the next attribute, which must have this name.
    std::string_view take(char name) {
        auto const attribute = next();
        return attribute.name == name ? attribute.value : fail().value;
    }

    /// The next attribute with this name; what stands before it are extensions.
    std::string_view take_behind_extensions(char name) {
        auto attribute = next();
        while (ok_ && attribute.name != name) {
            if (attribute.value.empty()) fail();
            attribute = next();
        }
        return attribute.value;
    }

    /// Extensions up to the end: passed over, as PostgreSQL and libpq do.
    void skip_extensions() {
        while (ok_ && !at_end_)
            if (next().value.empty()) fail();
    }

 private:
    Attribute fail() {
        ok_ = false;
        at_end_ = true;
        return {};
    }

    std::string_view rest_;
    bool at_end_ = false;
    bool ok_ = true;
};

/// gs2-cbind-flag.
bool read_binding(std::string_view flag, ScramClientFirst& first) {
    using Binding = ScramClientFirst::Binding;
    if (flag == "n" || flag == "y") {
        first.binding = flag == "n" ? Binding::not_supported : Binding::not_offered;
        return true;
    }
    if (!flag.starts_with("p=")) return false;
    first.binding = Binding::used;
    first.binding_name = flag.substr(2);
    auto const& name = first.binding_name;
    return !name.empty() && std::all_of(name.begin(), name.end(), is_of_binding_name);
}

}  // namespace

Result<ScramClientFirst> read_scram_client_first(std::string_view text) {
    auto const flag_end = text.find(',');
    if (flag_end == text.npos) return Errc::malformed;
    ScramClientFirst first;
    if (!read_binding(text.substr(0, flag_end), first)) return Errc::malformed;
    // Between the two commas an authzid would stand.
    if (!text.substr(flag_end + 1).starts_with(',')) return Errc::malformed;
    first.gs2_header = text.substr(0, flag_end + 2);
    first.bare = text.substr(flag_end + 2);

    Attributes attributes(first.bare);
    attributes.take('n');
    first.nonce = attributes.take('r');
    attributes.skip_extensions();
    if (!attributes.ok() || !is_nonce(first.nonce, 1)) return Errc::malformed;
    return first;
}

Result<ScramServerFirst> read_scram_server_first(std::string_view text) {
    Attributes attributes(text);
    ScramServerFirst first;
    first.nonce = attributes.take('r');
    first.salt = attributes.take('s');
    first.iterations = read_iterations(attributes.take('i'));
    attributes.skip_extensions();
    if (!attributes.ok() || !is_nonce(first.nonce, 2)) return Errc::malformed;
    if (!is_base64(first.salt) || first.iterations == 0) return Errc::malformed;
    return first;
}

std::string write_scram_server_first(ScramServerFirst const& first) {
    std::string text("r=");
    text += first.nonce;
    text += ",s=";
    text += first.salt;
    text += ",i=";
    text += std::to_string(first.iterations);
    return text;
}

Result<ScramClientFinal> read_scram_client_final(std::string_view text) {
    constexpr std::string_view proof_begins(",p=");
    Attributes attributes(text);
    ScramClientFinal final;
    final.binding = attributes.take('c');
    final.nonce = attributes.take('r');
    final.proof = attributes.take_behind_extensions('p');
    if (!attributes.ok() || !attributes.at_end()) return Errc::malformed;
    if (!is_base64(final.binding) || !is_base64(final.proof)) return Errc::malformed;
    if (!is_nonce(final.nonce, 2)) return Errc::malformed;
    final.without_proof = text.substr(0, text.size() - final.proof.size() - proof_begins.size());
    return final;
}

Result<ScramServerFinal> read_scram_server_final(std::string_view text) {
    Attributes attributes(text);
    auto const [name, value] = attributes.next();
    attributes.skip_extensions();
    if (!attributes.ok()) return Errc::malformed;
    ScramServerFinal final;
    if (name == 'v' && is_base64(value))
        final.signature = value;
    else if (name == 'e' && !value.empty())
        final.error = value;
    else
        return Errc::malformed;
    return final;
}

}  // namespace sallyport::postgres
