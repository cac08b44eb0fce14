// The two ways in which pki meets a failing OpenSSL call: one that may fail because of what it was
// given leaves no trace in the thread's error queue; one that cannot fail but for lack of memory or
// randomness throws.
#pragma once

#include "tls/handles.hpp"

#include <openssl/err.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::pki {

/// Empties the thread's error queue at the end of a scope: SSL_get_error reads that queue, so that
/// a forgotten entry would be taken for the failure of somebody's connection.
class ErrorQueueCleared {
 public:
    ErrorQueueCleared() = default;
    ErrorQueueCleared(ErrorQueueCleared const&) = delete;
    ErrorQueueCleared& operator=(ErrorQueueCleared const&) = delete;
    ~ErrorQueueCleared() { ERR_clear_error(); }
};

/// Gives back `result` of an OpenSSL call. Throws std::runtime_error where it says failure (null,
/// or zero and below), naming what was tried and OpenSSL's reasons.
template <class T>
T must(T&& result, std::string_view what) {
    bool failed = false;
    if constexpr (std::is_same_v<std::decay_t<T>, int>)
        failed = result <= 0;
    else
        failed = result == nullptr;
    if (failed) throw std::runtime_error(std::string(what) + ": " + tls::take_errors());
    return std::forward<T>(result);
}

}  // namespace sallyport::pki
