#include "pki/fault.hpp"

namespace sallyport::pki {
namespace {

std::string hint_for(error_code const& reason) {
    if (reason == boost::system::errc::no_space_on_device)
        return "make room on that disk and run the same command again; nothing was changed";
    if (reason == boost::system::errc::permission_denied ||
        reason == boost::system::errc::operation_not_permitted)
        return "run this as the user that owns it, or change its owner";
    if (reason == boost::system::errc::read_only_file_system)
        return "that file system is mounted read-only";
    if (reason == boost::system::errc::no_such_file_or_directory)
        return "check the path; the directory that it lies in must be there";
    if (reason == boost::system::errc::filename_too_long) return "choose a shorter name";
    return {};
}

}  // namespace

Fault system_fault(std::string_view doing, std::string const& file, error_code const& reason) {
    return {Errc::file_unreadable,
            "cannot " + std::string(doing) + " " + file + ": " + reason.message(),
            hint_for(reason)};
}

}  // namespace sallyport::pki
