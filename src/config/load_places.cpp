// The values of a Section that name a place: addresses and files.
#include "config/address.hpp"
#include "config/load_section.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace sallyport::config {

bool Section::parse(std::string_view key, std::string const& text, Address& value) {
    std::string const wrong = parse_address(text, context_.directory, value);
    if (wrong.empty()) return true;
    return fault(key, "the address \"" + text + "\" " + wrong,
                 "write \"host:port\", \"[v6]:port\" or \"unix:/path\"");
}

bool Section::read(std::string_view key, Address& value) {
    std::string text;
    return read(key, text) && parse(key, text, value);
}

bool Section::read(std::string_view key, std::vector<Address>& value) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return false;
    if (!node->is_array()) return wrong_type(key, *node, "an array of addresses");
    auto const all = texts(key, "an array of addresses");
    if (!all) return false;
    std::vector<Address> addresses;
    for (std::string const& text : *all) {
        Address address;
        if (!parse(key, text, address)) return false;
        for (Address const& other : addresses)
            if (other == address) return fault(key, "\"" + text + "\" is listed twice");
        addresses.push_back(std::move(address));
    }
    if (addresses.empty()) return fault(key, std::string(key) + " is empty");
    value = std::move(addresses);
    return true;
}

path Section::resolve(std::string const& text) const {
    return (context_.directory / text).lexically_normal();
}

bool Section::check_file(std::string_view key, path const& file) {
    std::error_code ignored;
    std::string reason;
    errno = 0;
    if (std::filesystem::is_directory(file, ignored))
        reason = "it is a directory";
    else if (!std::ifstream(file))
        reason = std::strerror(errno);
    if (reason.empty()) return true;
    return fault(key, std::string(key) + ": cannot read " + file.string() + ": " + reason,
                 "relative paths start at the directory of the configuration file");
}

bool Section::read_path(std::string_view key, path& value) {
    std::string text;
    if (!read_name(key, text)) return false;
    value = resolve(text);
    return true;
}

bool Section::read_directory(std::string_view key, path& value) {
    path directory;
    if (!read_path(key, directory)) return false;
    std::error_code error;
    if (!std::filesystem::is_directory(directory, error))
        return fault(key, std::string(key) + ": " + directory.string() + " is no directory",
                     "relative paths start at the directory of the configuration file");
    value = std::move(directory);
    return true;
}

bool Section::read_file(std::string_view key, path& value) {
    std::string text;
    if (!read(key, text)) return false;
    path const file = text.empty() ? path() : resolve(text);
    if (!file.empty() && !check_file(key, file)) return false;
    value = file;
    return true;
}

bool Section::read_files(std::string_view key, std::vector<path>& value) {
    auto const all = texts(key, "a path or an array of paths");
    if (!all) return false;
    std::vector<path> files;
    for (std::string const& text : *all) {
        if (text.empty() && all->size() == 1) break;
        path const file = resolve(text);
        if (!check_file(key, file)) return false;
        files.push_back(file);
    }
    value = std::move(files);
    return true;
}

}  // namespace sallyport::config
