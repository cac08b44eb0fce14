// Why a demo could not go on, in words for the person who started it. Thrown, because every step of
// the demo is part of its start-up: what was started ends with its owners, on the way out.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace sallyport::cli {

struct DemoFailure : std::runtime_error {
    DemoFailure(std::string const& what, std::string advice = {}, std::filesystem::path file = {})
        : std::runtime_error(what), hint(std::move(advice)), log(std::move(file)) {}

    std::string hint;           ///< what to do; empty where we do not know
    std::filesystem::path log;  ///< a child's own words, of which the last are shown; empty: none
};

}  // namespace sallyport::cli
