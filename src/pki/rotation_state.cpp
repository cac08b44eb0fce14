#include "pki/rotation_state.hpp"

#include "pki/files.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace sallyport::pki {
namespace {

constexpr std::array<std::string_view, 6> phase_names{"none",      "beginning", "begun",
                                                      "finishing", "finished",  "retired"};
/// Of the file's form: a later Sallyport that changes it must not be misread.
constexpr int version = 1;

std::string text(nlohmann::json const& json, char const* key) {
    return json.at(key).get<std::string>();
}

}  // namespace

std::string_view name(RotationPhase phase) {
    return phase_names.at(static_cast<std::size_t>(phase));
}

Checked<RotationState> read_rotation_state(CertsDirectory const& directory, std::string_view file) {
    if (!directory.has(file)) return RotationState{};
    auto const path = directory.file(file).string();
    auto const content = read_file(directory.file(file));
    if (!content)
        return Fault{Errc::file_unreadable, "cannot read " + path,
                     "run this as the user who began the rotation"};
    try {
        auto const json = nlohmann::json::parse(*content);
        auto const* const phase =
            std::find(phase_names.begin(), phase_names.end(), text(json, "phase"));
        if (json.at("version") == version && phase != phase_names.end())
            return RotationState{static_cast<RotationPhase>(phase - phase_names.begin()),
                                 text(json, "old-ca"),
                                 text(json, "next-ca"),
                                 text(json, "ca-key"),
                                 text(json, "next-ca-key"),
                                 text(json, "kept-ca-key")};
    } catch (nlohmann::json::exception const&) {
        // The same fault as for a file of another kind.
    }
    return Fault{Errc::file_invalid, path + " is not the state of a rotation",
                 "restore it from a backup: without it a rotation cannot go on"};
}

std::string to_json(RotationState const& state) {
    nlohmann::ordered_json const json{{"version", version},
                                      {"phase", name(state.phase)},
                                      {"old-ca", state.old_ca},
                                      {"next-ca", state.next_ca},
                                      {"ca-key", state.ca_key.string()},
                                      {"next-ca-key", state.next_key.string()},
                                      {"kept-ca-key", state.kept_key.string()}};
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace sallyport::pki
