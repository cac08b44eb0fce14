#include "console/trust_pages.hpp"

#include "base/times.hpp"

#include <algorithm>

namespace sallyport::console {
namespace {

/// A browser says text/html among others; who names JSON and not HTML is a program.
bool wants_json(std::string const& accept) {
    return accept.find("application/json") != std::string::npos &&
           accept.find("text/html") == std::string::npos;
}

std::string moment(std::time_t time) {
    return utc_text(
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::from_time_t(time)));
}

// Names are letters, digits, dots, dashes and underscores (trust_directory.hpp), the rest is ours:
// neither language has anything to escape in them.

std::string as_json(std::vector<PublishedPtr> const& files) {
    std::string text = "{\"files\":[";
    for (auto const& file : files) {
        if (text.back() != '[') text += ',';
        text += "\n{\"name\":\"" + file->name + "\",\"url\":\"" + std::string(TrustPages::root) +
                file->name + "\",\"type\":\"" + file->type +
                "\",\"bytes\":" + std::to_string(file->content.size()) + ",\"modified\":\"" +
                moment(file->modified) + "\",\"sha256\":\"" + file->digest + "\"}";
    }
    return text + "\n]}\n";
}

std::string as_html(std::vector<PublishedPtr> const& files) {
    std::string text =
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Trust</title>\n"
        "<h1>Certificates and revocation lists</h1>\n<table>\n"
        "<tr><th>File<th>Bytes<th>Changed<th>SHA-256</tr>\n";
    for (auto const& file : files)
        text += "<tr><td><a href=\"" + std::string(TrustPages::root) + file->name + "\">" +
                file->name + "</a><td>" + std::to_string(file->content.size()) + "<td>" +
                moment(file->modified) + "<td><code>" + file->digest + "</code></tr>\n";
    return text + "</table>\n</html>\n";
}

}  // namespace

Answer TrustPages::answer(Ask const& ask) const {
    auto const name = ask.path.substr(root.size());
    return name.empty() ? index(ask) : file(ask, name);
}

Answer TrustPages::index(Ask const& ask) const {
    bool const is_json = wants_json(ask.accept);
    Answer answer;
    answer.type = is_json ? "application/json" : "text/html; charset=utf-8";
    answer.body = is_json ? as_json(all()) : as_html(all());
    answer.headers = {{"Vary", "Accept"}, {"Cache-Control", "no-cache"}};
    return answer;
}

Answer TrustPages::file(Ask const& ask, std::string const& name) const {
    auto file = directory_->find(name);
    auto const own = std::ranges::find_if(
        own_, [&](PublishedPtr const& candidate) { return candidate->name == name; });
    if (!file && own != own_.end()) file = *own;
    if (!file) return plain(404, "not found");
    auto const tag = "\"" + file->digest + "\"";
    Answer answer;
    answer.headers = {
        {"ETag", tag}, {"Last-Modified", http_date(file->modified)}, {"Cache-Control", "no-cache"}};
    if (has_it(ask, tag, file->modified)) {
        answer.status = 304;
        return answer;
    }
    answer.type = file->type;
    answer.body = file->content;
    return answer;
}

std::vector<PublishedPtr> TrustPages::all() const {
    auto files = directory_->all();
    for (auto const& own : own_) {
        bool const is_hidden = std::ranges::any_of(
            files, [&](PublishedPtr const& file) { return file->name == own->name; });
        if (!is_hidden) files.push_back(own);
    }
    std::ranges::sort(files, {}, [](PublishedPtr const& file) { return file->name; });
    return files;
}

}  // namespace sallyport::console
