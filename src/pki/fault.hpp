// What is wrong, in words for the person who works with certificates at the command line: the text
// of an `error:` line and of the `hint:` below it.
#pragma once

#include "base/errc.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace sallyport::pki {

struct Fault {
    Errc code = Errc::file_invalid;
    std::string what;  ///< lower case, without a full stop; names the file
    std::string hint;  ///< what to do; empty where we do not know
};

template <class T>
using Checked = boost::system::result<T, Fault>;

/// What boost::system::result calls where a failed one is used unchecked: a bug.
[[noreturn]] inline void throw_exception_from_error(Fault const& fault,
                                                    boost::source_location const&) {
    throw std::logic_error(fault.what);
}

/// "cannot DO FILE: the system's reason", with a hint where the reason is a common one.
Fault system_fault(std::string_view doing, std::string const& file, error_code const& reason);

}  // namespace sallyport::pki
