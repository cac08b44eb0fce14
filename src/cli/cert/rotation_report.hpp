// What is told of a rotation: how far it is, and who has to do what next. As text for people, or as
// JSON for programs.
#pragma once

#include "pki/certificate.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::cli::cert {

/// One thing to be done, in the order of the list that it stands in.
struct NextStep {
    std::string who;   ///< "operator", "gateway", "clients", "databases"
    std::string what;  ///< a sentence, or a command that can be pasted
};

struct RotatedCa {
    std::string name;   ///< the file that it is in
    std::string phase;  ///< RotationPhase's or MirrorPhase's
    std::optional<pki::Certificate> old_ca;
    std::optional<pki::Certificate> next_ca;
};

struct RotatedFile {
    std::string name;
    std::string state;  ///< "old chain", "next chain", or why it cannot move
};

struct RotationReport {
    std::string phase;
    std::vector<RotatedCa> authorities;
    std::vector<RotatedFile> leaves;
    std::vector<NextStep> next;
};

/// On stdout. `format` is "text" or "json".
void say(RotationReport const& report, std::string_view format);

}  // namespace sallyport::cli::cert
