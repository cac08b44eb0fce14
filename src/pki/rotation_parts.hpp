// What the steps of a rotation share (rotation.cpp begins, rotation_move.cpp finishes,
// rotation_retire.cpp retires).
#pragma once

#include "pki/ledger.hpp"
#include "pki/rotation.hpp"
#include "pki/succession.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace sallyport::pki {

// In the sub-directory.
inline constexpr std::string_view next_ca_file = "ca-next.crt";
inline constexpr std::string_view old_ca_file = "ca-old.crt";
inline constexpr std::string_view next_by_old_file = "next-by-old.crt";
inline constexpr std::string_view old_by_next_file = "old-by-next.crt";
/// Before the stem of a leaf that has been replaced.
inline constexpr std::string_view old_prefix = "old-";

/// A leaf of the directory that one of the two CAs stands behind.
struct Rotation::Leaf {
    std::string stem;
    std::vector<Certificate> chain;
    bool is_under_old = false;   ///< the old CA itself signed it
    bool is_under_next = false;  ///< likewise the next one
    bool is_below_old = false;   ///< the old CA signed it, or an intermediate of its chain
    bool is_revoked = false;     ///< as RotatedLeaf's
    bool is_ready = false;       ///< what lies aside says what the leaf says
    std::string obstacle;        ///< as RotatedLeaf's
};

/// One change of the directory, and what the ledger is to know of it.
struct Rotation::Changes {
    std::vector<NewFile> files;
    std::vector<std::pair<Certificate, std::string>> issued;  ///< with their kind
    std::optional<LedgerEntry> revoked{};

    void put(std::string name, std::vector<Certificate> const& certificates) {
        files.push_back({std::move(name), to_pem(certificates), false});
    }
};

/// Whether a link of the chain has the name and the key of `ca`, whoever signed it.
inline bool has_link_of_key(std::vector<Certificate> const& chain, Certificate const& ca) {
    return std::ranges::any_of(chain, [&](Certificate const& link) {
        return link.subject() == ca.subject() && have_same_key(link, ca);
    });
}

inline Fault cannot(std::string_view doing, std::filesystem::path const& file,
                    std::error_code const& reason) {
    return system_fault(doing, file.string(),
                        error_code(reason.value(), boost::system::system_category()));
}

inline Fault wrong_time(RotationPhase phase, std::string const& why, std::string hint) {
    return {Errc::file_invalid, why + ": its state is \"" + std::string(name(phase)) + "\"",
            std::move(hint)};
}

}  // namespace sallyport::pki
