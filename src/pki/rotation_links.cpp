// What is made while a rotation goes on: its link to the other CA, and the regions in between.
#include "pki/issuers.hpp"
#include "pki/rotation_parts.hpp"

namespace sallyport::pki {
namespace {

bool goes_on(RotationPhase phase) {
    return phase == RotationPhase::begun || phase == RotationPhase::finishing ||
           phase == RotationPhase::finished;
}

}  // namespace

Checked<std::vector<std::string>> Rotation::regions_below_old() const {
    std::vector<std::string> below;
    auto const old = old_ca();
    if (!old) return below;
    for (auto const& region : regions_of(directory_.path())) {
        auto const cas = directory_.read_certificates(certs_names::region_ca(region));
        if (!cas) return cas.error();
        // The first one issues. Those behind it are there for the lists of what they issued.
        auto const& ca = cas->front();
        if (ca.is_signed_by(*old) && ca.not_after() > current_time()) below.push_back(region);
    }
    return below;
}

Checked<std::optional<Certificate>> cross_link(CertsDirectory const& directory,
                                               Certificate const& last) {
    for (auto const& names : {RotationNames::servers, RotationNames::clients}) {
        auto const state = read_rotation_state(directory, names.state);
        if (!state) return state.error();
        if (!goes_on(state->phase)) continue;
        for (auto const file : {old_by_next_file, next_by_old_file}) {
            auto const name = std::string(names.aside) + "/" + std::string(file);
            // A rotation that an earlier Sallyport began has kept one of the two alone.
            if (!directory.has(name)) continue;
            auto const cross = directory.read_certificates(name);
            if (!cross) return cross.error();
            if (last.is_signed_by(cross->front())) return std::optional(cross->front());
        }
    }
    return std::optional<Certificate>();
}

}  // namespace sallyport::pki
