#include "pki/alternative_names.hpp"

#include "pki/openssl_calls.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <optional>
#include <span>

namespace sallyport::pki {
namespace {

/// An address in network order: 4 bytes, or 16.
using Address = std::vector<unsigned char>;

std::optional<Address> parse_address(std::string const& text) {
    for (int const family : {AF_INET, AF_INET6}) {
        Address address(family == AF_INET ? 4 : 16);
        if (inet_pton(family, text.c_str(), address.data()) == 1) return address;
    }
    return std::nullopt;
}

/// Empty where there are neither 4 bytes nor 16.
std::string address_text(std::span<unsigned char const> address) {
    if (address.size() != 4 && address.size() != 16) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    auto const family = address.size() == 4 ? AF_INET : AF_INET6;
    inet_ntop(family, address.data(), text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
}

std::span<unsigned char const> bytes_of(ASN1_STRING const* string) {
    return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string text_of(GENERAL_NAME const& name) {
    int kind = 0;
    void const* const value = GENERAL_NAME_get0_value(&name, &kind);
    if (kind != GEN_DNS && kind != GEN_IPADD) return {};
    auto const bytes = bytes_of(static_cast<ASN1_STRING const*>(value));
    if (kind == GEN_IPADD) return address_text(bytes);
    return canonical_name({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
}

tls::GeneralNamePtr to_general_name(std::string const& name) {
    auto const address = parse_address(name);
    tls::Asn1StringPtr value(
        must(ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING), "a name"));
    void const* const data = address ? static_cast<void const*>(address->data()) : name.data();
    auto const size = address ? address->size() : name.size();
    must(ASN1_STRING_set(value.get(), data, static_cast<int>(size)), "a name's text");

    tls::GeneralNamePtr general(must(GENERAL_NAME_new(), "a general name"));
    GENERAL_NAME_set0_value(general.get(), address ? GEN_IPADD : GEN_DNS, value.release());
    return general;
}

}  // namespace

tls::GeneralNamesPtr to_general_names(std::vector<std::string> const& names) {
    tls::GeneralNamesPtr all(must(GENERAL_NAMES_new(), "general names"));
    for (auto const& name : names) {
        auto general = to_general_name(name);
        must(sk_GENERAL_NAME_push(all.get(), general.get()), "a list of names");
        general.release();
    }
    return all;
}

std::vector<std::string> alternative_names(X509* certificate) {
    ErrorQueueCleared const cleared;
    tls::GeneralNamesPtr const all(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> names;
    if (all == nullptr) return names;
    for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
        auto text = text_of(*sk_GENERAL_NAME_value(all.get(), i));
        if (!text.empty()) names.push_back(std::move(text));
    }
    return names;
}

std::string canonical_name(std::string_view name) {
    std::string text(name);
    if (auto const address = parse_address(text)) return address_text(*address);
    // DNS compares ASCII letters without case (RFC 4343); the locale has no say in it.
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

}  // namespace sallyport::pki
