// `sallyport cert rotate-ca`: a CA is replaced in three steps, between which clients and databases
// learn to trust the next one.
#include "cli/cert/rotate_ca.hpp"

#include "cli/cert/commands.hpp"
#include "cli/cert/options.hpp"
#include "cli/cert/rotation_report.hpp"
#include "pki/issuers.hpp"
#include "pki/rotation.hpp"

#include <algorithm>
#include <cstdlib>

namespace sallyport::cli::cert {
namespace {

namespace fs = std::filesystem;
using pki::RotationPhase;

/// What is said of a leaf that has moved.
constexpr std::string_view next_chain = "next chain";
constexpr std::string_view revoked = "old chain, revoked: it is not issued again";

/// What a shell takes as one word.
std::string quoted(fs::path const& file) {
    std::string text;
    for (char const letter : file.string())
        text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return "'" + text + "'";
}

std::string command(RotateCa const& options, std::string const& step) {
    return "sallyport cert rotate-ca " + step + " --certs-dir " + quoted(options.certs_dir) +
           (options.is_client_ca ? " --client-ca" : "");
}

/// Below the old CA: what their servers show ends with it.
void tell_regions(RotateCa const& options, std::vector<std::string> const& regions,
                  std::string const& when, RotationReport& report) {
    for (auto const& region : regions)
        report.next.push_back(
            {"operator", when + ": move ca-" + region +
                             ".key away; sallyport cert create-intermediate " + region +
                             " --overwrite --certs-dir " + quoted(options.certs_dir) +
                             " with the next CA's key; then create-node --region " + region +
                             " --overwrite for each of its servers"});
}

void tell_canary(pki::Rotation const& rotation, RotationReport& report) {
    report.next.push_back({"gateway", "show the next chain to a few first: [tls] canary-cert = \"" +
                                          fs::absolute(rotation.aside("node.crt")).string() +
                                          "\", canary-key = \"" +
                                          fs::absolute(rotation.aside("node.key")).string() +
                                          "\", canary-share = 0.05; reload"});
    report.next.push_back({"operator",
                           "watch the log for \"the canary has fallen back\"; while clients "
                           "refuse the canary, they have neither CA"});
}

/// `has_canary`: the next certificate of the node lies ready.
void tell_begun(RotateCa const& options, pki::Rotation const& rotation,
                std::vector<std::string> const& regions, bool has_canary, RotationReport& report) {
    auto const bundle = quoted(options.certs_dir / rotation.names().ca);
    if (options.is_client_ca) {
        report.next = {
            {"gateway", "ssl-ca must have both CAs of " + bundle + "; it reads the file by itself"},
            {"databases", "trust what `sallyport mirror-ca -c FILE` prints now, and reload"},
            {"operator", "then: " + command(options, "--finish")}};
        return;
    }
    report.next = {{"clients", "publish " + bundle +
                                   ": it has both CAs; every client and server that trusts "
                                   "the old one must have it before the old CA retires"}};
    if (has_canary) tell_canary(rotation, report);
    report.next.push_back({"operator", "then: " + command(options, "--finish")});
    tell_regions(options, regions, "after that", report);
}

void tell_finished(RotateCa const& options, pki::Rotation const& rotation,
                   std::vector<std::string> const& regions, RotationReport& report) {
    if (!options.is_client_ca)
        report.next.push_back({"gateway",
                               "take canary-cert and canary-key out of the configuration "
                               "and reload"});
    for (auto const& leaf : report.leaves) {
        if (leaf.state == revoked) continue;
        if (leaf.state != next_chain)
            report.next.push_back({"operator", "issue " + leaf.name + " again, before --retire"});
        else if (leaf.name.starts_with("client.") && leaf.name != "client.node.crt")
            report.next.push_back({"clients", "hand out " + leaf.name +
                                                  " and its key; the old pair works until the old "
                                                  "CA retires"});
    }
    for (auto const& leaf : report.leaves) {
        auto const archive = fs::path(leaf.name).stem().string() + ".p12";
        if (leaf.state == next_chain && fs::exists(options.certs_dir / archive))
            report.next.push_back({"operator", "make " + archive + " again: it has the old pair"});
    }
    report.next.push_back(
        {"operator", "sign with " + quoted(rotation.state().moved_next_key()) + " from now on"});
    tell_regions(options, regions, "before --retire", report);
    report.next.push_back(
        {"operator", "once nobody trusts the old CA alone: " + command(options, "--retire")});
}

/// `link`: the old CA as the next one vouches for it.
void tell_revoked(RotateCa const& options, pki::Rotation const& rotation,
                  pki::Certificate const& link, RotationReport& report) {
    auto const named =
        "certificate " + link.serial() + ", by which the next CA vouches for the old";
    if (!rotation.is_listed(link)) {
        report.next.push_back(
            {"operator", named + ", is not revoked: " + command(options, "--retire")});
        return;
    }
    auto const list = options.certs_dir / pki::certs_names::list_of(rotation.names().ca);
    report.next.push_back({options.is_client_ca ? "gateway" : "clients",
                           "publish " + quoted(list) + " too (cert bundle writes both): " + named +
                               ", is revoked; who checks no lists takes it until " +
                               date_text(link.not_after())});
}

pki::Checked<void> tell_retired(RotateCa const& options, pki::Rotation const& rotation,
                                RotationReport& report) {
    auto const link = rotation.old_by_next();
    if (!link) return link.error();
    report.next = {{"clients", "publish " + quoted(options.certs_dir / rotation.names().ca) +
                                   " again: the old CA is gone from it"}};
    if (*link) tell_revoked(options, rotation, **link, report);
    report.next.push_back(
        {"operator", "destroy the old CA's key, or keep it where nobody can use it: " +
                         quoted(rotation.state().moved_old_key())});
    return {};
}

std::string state_of(pki::RotatedLeaf const& leaf) {
    if (leaf.is_moved) return std::string(next_chain);
    if (leaf.is_revoked) return std::string(revoked);
    if (leaf.obstacle.empty()) return "old chain";
    return "old chain, to be issued again by hand: " + leaf.obstacle;
}

pki::Checked<RotationReport> describe(RotateCa const& options, pki::Rotation const& rotation) {
    RotationReport report;
    auto const& state = rotation.state();
    report.phase = pki::name(state.phase);
    if (state.phase == RotationPhase::none) {
        report.next = {{"operator", command(options, "--begin") + " --ca-key FILE"}};
        return report;
    }
    report.authorities = {
        {std::string(rotation.names().ca), report.phase, rotation.old_ca(), rotation.next_ca()}};
    auto const leaves = rotation.leaves();
    if (!leaves) return leaves.error();
    for (auto const& leaf : *leaves) report.leaves.push_back({leaf.stem + ".crt", state_of(leaf)});
    bool const has_canary = std::ranges::any_of(*leaves, [](pki::RotatedLeaf const& leaf) {
        return leaf.stem == pki::certs_names::node && leaf.is_prepared;
    });
    auto const regions = rotation.regions_below_old();
    if (!regions) return regions.error();
    auto const key = " --ca-key " + quoted(state.ca_key);
    if (state.phase == RotationPhase::beginning)
        report.next = {
            {"operator", "it was interrupted, go on with: " + command(options, "--begin") + key}};
    else if (state.phase == RotationPhase::begun)
        tell_begun(options, rotation, *regions, has_canary, report);
    else if (state.phase == RotationPhase::finishing)
        report.next = {
            {"operator", "it was interrupted, go on with: " + command(options, "--finish")}};
    else if (state.phase == RotationPhase::finished)
        tell_finished(options, rotation, *regions, report);
    else if (auto const told = tell_retired(options, rotation, report); !told)
        return told.error();
    return report;
}

pki::Checked<void> step(RotateCa const& options, pki::Rotation& rotation) {
    auto next_key = options.new_ca_key;
    // The key that will take the old one's place is as well kept as that one.
    if (next_key.file.empty() && next_key.password_file.empty())
        next_key.password_file = options.ca_key.password_file;
    if (options.finishes) return rotation.finish(next_key);
    if (options.retires) return rotation.retire(next_key, options.crl_lifetime);
    if (!options.begins) return {};
    if (options.ca_key.file.empty())
        return pki::Fault{Errc::file_unreadable, "the path to the CA key is required",
                          "--ca-key FILE names the key that create-ca made"};
    return rotation.begin(options.ca_key, next_key, options.lifetime);
}

void add_steps(CLI::App& rotate, RotateCa& options) {
    auto& steps = *rotate.add_option_group("steps");
    steps.add_flag("--begin", options.begins,
                   "make the next CA, put it into the bundle, prepare the next certificates");
    steps.add_flag("--status", options.shows, "say how far it is, and who has to do what next");
    steps.add_flag("--finish", options.finishes, "move the certificates to the next CA");
    steps.add_flag("--retire", options.retires,
                   "drop the old CA, and revoke what vouches for its key");
    steps.require_option(1);
}

int rotate_ca(RotateCa const& options) {
    return options.is_mirror ? rotate_mirror_ca(options) : rotate_directory_ca(options);
}

}  // namespace

int rotate_directory_ca(RotateCa const& options) {
    auto const directory = options.shows ? pki::CertsDirectory::open(options.certs_dir)
                                         : open_to_write(options.certs_dir);
    if (!directory) return failed(directory.error());
    auto rotation =
        pki::Rotation::open(*directory, options.is_client_ca ? pki::RotationNames::clients
                                                             : pki::RotationNames::servers);
    if (!rotation) return failed(rotation.error());
    if (auto const done = step(options, *rotation); !done) return failed(done.error());
    auto const report = describe(options, *rotation);
    if (!report) return failed(report.error());
    say(*report, options.format);
    return 0;
}

void add_rotate_ca(CLI::App& group, Action& action) {
    auto const options = std::make_shared<RotateCa>();
    options->lifetime = ca_lifetime;
    auto& rotate =
        add_command(group, "rotate-ca", "Replace a CA in steps that no client notices",
                    "sallyport cert rotate-ca --begin --certs-dir certs --ca-key private/ca.key\n"
                    "  sallyport cert rotate-ca --status --certs-dir certs");
    add_steps(rotate, *options);
    add_certs_dir(rotate, options->certs_dir);
    for (char const* const variable : {"SALLYPORT_CA_KEY", "COCKROACH_CA_KEY"})
        if (char const* const value = std::getenv(variable);
            value != nullptr && options->ca_key.file.empty())
            options->ca_key.file = value;
    rotate
        .add_option("--ca-key", options->ca_key.file,
                    "for --begin: the old CA's key (${SALLYPORT_CA_KEY}, else "
                    "${COCKROACH_CA_KEY})")
        ->type_name("FILE");
    rotate
        .add_option("--ca-key-password-file", options->ca_key.password_file,
                    "its first line is the old CA key's password")
        ->type_name("FILE");
    rotate
        .add_option("--new-ca-key", options->new_ca_key.file,
                    "the next CA's key, made where it is missing; without this it is made beside "
                    "the old one, whose place it takes at --finish")
        ->type_name("FILE");
    rotate
        .add_option(
            "--new-ca-key-password-file", options->new_ca_key.password_file,
            "its first line is the next CA key's password; without it and --new-ca-key, the "
            "old one's")
        ->type_name("FILE");
    add_lifetime(rotate, options->lifetime);
    add_crl_lifetime(rotate, options->crl_lifetime);
    auto* const client_ca =
        rotate.add_flag("--client-ca", options->is_client_ca, "ca-client.crt, not ca.crt");
    auto* const config = rotate.add_option("-c,--config", options->config,
                                           "with --mirror: the gateway's configuration file");
    config->type_name("FILE");
    auto* const mirror =
        rotate.add_flag("--mirror", options->is_mirror, "the gateway's mirror CAs");
    mirror->needs(config)->excludes(client_ca);
    config->needs(mirror);
    rotate.add_option("--format", options->format, "text, or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("FORMAT");
    on_chosen(rotate, action, options, rotate_ca);
}

}  // namespace sallyport::cli::cert
