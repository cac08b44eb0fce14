// What is wrong with an operator's files, in words for the operator: for start-up, `check` and
// reload.
#pragma once

#include "base/errc.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace sallyport::gateway {

struct Fault {
    Errc code = Errc::file_invalid;
    std::filesystem::path file;  ///< which file; empty: none in particular
    std::string reason;          ///< one lower-case fragment
    std::string hint;            ///< what to do; empty where we do not know

    /// "FILE: reason", or the reason alone.
    std::string what() const { return file.empty() ? reason : file.string() + ": " + reason; }
};

/// One of a file; by function, since most have no hint.
inline Fault fault(Errc code, std::filesystem::path file, std::string reason,
                   std::string hint = {}) {
    return {code, std::move(file), std::move(reason), std::move(hint)};
}

template <class T>
using Checked = boost::system::result<T, Fault>;

/// What boost::system::result calls where a failed one is used unchecked: a bug.
[[noreturn]] inline void throw_exception_from_error(Fault const& fault,
                                                    boost::source_location const&) {
    throw std::logic_error(fault.what());
}

}  // namespace sallyport::gateway
