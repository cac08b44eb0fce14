// `sallyport cert rotate-ca --mirror`: the mirror CAs of a gateway, all of them in step. Their keys
// stay in its data directory, so this is run by the user that the gateway runs as.
#include "base/log.hpp"
#include "cli/cert/options.hpp"
#include "cli/cert/rotate_ca.hpp"
#include "cli/cert/rotation_report.hpp"
#include "cli/say.hpp"
#include "cli/settings.hpp"
#include "identity/mirror_ca.hpp"

#include <algorithm>
#include <array>

namespace sallyport::cli::cert {
namespace {

using identity::MirrorPhase;
using identity::MirrorRotation;
using Rotations = std::vector<MirrorRotation>;

constexpr std::array<std::string_view, 6> phase_names{"none",      "beginning", "begun",
                                                      "finishing", "finished",  "retiring"};

std::string_view name(MirrorPhase phase) {
    return phase_names.at(static_cast<std::size_t>(phase));
}

pki::Fault broken(MirrorRotation const& rotation, error_code const& why) {
    return {Errc::file_invalid, rotation.certificate_file().string() + ": " + why.message(),
            "restore the directory from a backup; databases trust what is in it"};
}

/// The CAs that are at one of two points.
pki::Checked<Rotations> at(Rotations const& all, std::array<MirrorPhase, 2> const& phases) {
    Rotations found;
    for (auto const& rotation : all) {
        auto const phase = rotation.phase();
        if (!phase) return broken(rotation, phase.error());
        if (std::ranges::count(phases, *phase) > 0) found.push_back(rotation);
    }
    return found;
}

struct Step {
    std::array<MirrorPhase, 2> from;   ///< where it starts, or goes on
    std::array<MirrorPhase, 2> after;  ///< where there is nothing left to do for it
    Result<void> (MirrorRotation::*take)() const;
    char const* fault;
    char const* hint;
};

Step step_of(RotateCa const& options) {
    if (options.begins)
        return {{MirrorPhase::settled, MirrorPhase::beginning},
                {MirrorPhase::begun, MirrorPhase::begun},
                &MirrorRotation::begin,
                "the last rotation is not over",
                "--finish, and --retire once no database trusts the old CA alone"};
    if (options.finishes)
        return {{MirrorPhase::begun, MirrorPhase::finishing},
                {MirrorPhase::finished, MirrorPhase::finished},
                &MirrorRotation::finish,
                "there is no rotation that could be finished",
                "--begin begins one, or goes on with one that was interrupted"};
    return {{MirrorPhase::finished, MirrorPhase::retiring},
            {MirrorPhase::settled, MirrorPhase::settled},
            &MirrorRotation::retire,
            "there is no old CA to retire",
            "a CA retires after --begin and --finish"};
}

pki::Checked<void> take(Step const& step, Rotations const& all) {
    auto const ready = at(all, step.from);
    if (!ready) return ready.error();
    if (ready->empty()) {
        auto const done = at(all, step.after);
        if (!done) return done.error();
        bool const is_retirement = step.take == &MirrorRotation::retire;
        if (done->empty() || is_retirement)
            return pki::Fault{Errc::file_invalid, step.fault, step.hint};
    }
    for (auto const& rotation : *ready)
        if (auto const taken = (rotation.*step.take)(); !taken)
            return broken(rotation, taken.error());
    return {};
}

void tell_next(RotateCa const& options, RotationReport& report) {
    auto const config = " -c " + options.config.string();
    auto const command = [&](std::string const& step) {
        return "sallyport cert rotate-ca --mirror" + config + " " + step;
    };
    NextStep const reload{"gateway", "sallyport reload" + config};
    NextStep const trust{"databases",
                         "trust what `sallyport mirror-ca" + config + "` prints now, and reload"};
    if (report.phase == "begun")
        report.next = {trust, reload, {"operator", "then: " + command("--finish")}};
    else if (report.phase == "finished")
        report.next = {
            reload, {"operator", "once all databases trust the next CA: " + command("--retire")}};
    else if (report.phase == "none")
        report.next = {reload, trust, {"operator", "to rotate: " + command("--begin")}};
    else
        report.next = {{"operator",
                        "it was interrupted, give the same command again: --begin "
                        "where it is beginning, --finish where it is finishing, "
                        "--retire where it is retiring"}};
}

pki::Checked<RotationReport> describe(RotateCa const& options, Rotations const& all) {
    RotationReport report;
    for (auto const& rotation : all) {
        auto const phase = rotation.phase();
        auto const roots = rotation.roots();
        if (!phase) return broken(rotation, phase.error());
        if (!roots) return broken(rotation, roots.error());
        // The one that issues is first.
        bool const has_moved = *phase == MirrorPhase::finished || *phase == MirrorPhase::retiring;
        RotatedCa ca{
            rotation.certificate_file().filename().string(), std::string(name(*phase)), {}, {}};
        (has_moved ? ca.next_ca : ca.old_ca) = roots->front();
        if (roots->size() > 1) (has_moved ? ca.old_ca : ca.next_ca) = roots->back();
        // A mirror CA that was made meanwhile is in nobody's way.
        if (report.phase.empty() || report.phase == "none") report.phase = name(*phase);
        report.authorities.push_back(std::move(ca));
    }
    tell_next(options, report);
    return report;
}

}  // namespace

int rotate_mirror_ca(RotateCa const& options) {
    log::set_level("warn");
    auto const settings = read_settings(options.config);
    if (!settings) return 1;
    if (is_for_another_user(settings->data_dir)) {
        error(settings->data_dir.string() + " belongs to another user",
              "run this as the user that sallyport serves as");
        return 1;
    }
    auto const directory = settings->data_dir / "mirror-ca";
    std::error_code missing;
    auto const all = std::filesystem::is_directory(directory, missing)
                         ? MirrorRotation::all(directory)
                         : Result<Rotations>(Rotations());
    if (!all) return failed(pki::system_fault("read", directory.string(), all.error()));
    if (all->empty())
        return failed({Errc::file_invalid, "there is no mirror CA in " + directory.string(),
                       "`sallyport mirror-ca` makes them, where ssl-ca names your clients' CAs"});
    if (!options.shows) {
        auto const lock = pki::DirectoryLock::acquire(directory);
        if (!lock) return failed(pki::system_fault("write", directory.string(), lock.error()));
        if (auto const taken = take(step_of(options), *all); !taken) return failed(taken.error());
    }
    auto const report = describe(options, *all);
    if (!report) return failed(report.error());
    say(*report, options.format);
    return 0;
}

}  // namespace sallyport::cli::cert
