// How far the rotation of a CA has come: a small JSON file in the certificates directory, replaced
// as a whole together with the files that it speaks of.
#pragma once

#include "pki/certs_directory.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::pki {

enum class RotationPhase {
    none,       ///< there has been no rotation here
    beginning,  ///< the next CA's key has a place; nobody has been told of it
    begun,      ///< the bundle has both CAs; nodes show the old chain, the next one may be a canary
    finishing,  ///< nodes show the next chain; the CA keys have not changed places yet
    finished,   ///< nodes show the next chain; both CAs are trusted
    retired,    ///< the old CA has left the bundle: the rotation is over
};

std::string_view name(RotationPhase phase);

struct RotationState {
    RotationPhase phase = RotationPhase::none;
    std::string old_ca;              ///< fingerprint of its certificate
    std::string next_ca;             ///< likewise; empty while it is beginning
    std::filesystem::path ca_key;    ///< absolute: the old key's place
    std::filesystem::path next_key;  ///< absolute: where the next key was made, or is
    /// Where the old key goes when the next one takes its place; empty: they stay where they are.
    std::filesystem::path kept_key;

    /// Where the two keys are once the rotation is finished.
    std::filesystem::path const& moved_old_key() const {
        return kept_key.empty() ? ca_key : kept_key;
    }
    std::filesystem::path const& moved_next_key() const {
        return kept_key.empty() ? next_key : ca_key;
    }
};

/// The state that `file` of the directory holds; that of phase `none` where there is no such file.
Checked<RotationState> read_rotation_state(CertsDirectory const& directory, std::string_view file);
/// The file's content.
std::string to_json(RotationState const& state);

}  // namespace sallyport::pki
