// What loading a file tells its writer, as text that a test can compare.
#pragma once

#include "config/load.hpp"
#include "unit/config/scratch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::config {

/// A line each: "LINE: what [hint]". DIR stands for the scratch directory.
inline std::string told(std::vector<Problem> const& problems, Scratch const& scratch,
                        path const& file) {
    std::string told;
    for (Problem const& problem : problems) {
        std::string const prefix = file.string() + ":";
        EXPECT_EQ(problem.what.substr(0, prefix.size()), prefix);
        told += problem.what.substr(prefix.size());
        if (!problem.hint.empty()) told += " [" + problem.hint + "]";
        told += "\n";
    }
    std::string const directory = scratch.directory().string();
    for (std::size_t at; (at = told.find(directory)) != std::string::npos;)
        told.replace(at, directory.size(), "DIR");
    return told;
}

/// All faults of a file that holds `text`; "loaded" where it has none.
inline std::string faults_of(Scratch const& scratch, std::string const& text) {
    path const file = scratch.write("a.toml", text);
    auto const result = load(file);
    return result ? "loaded" : told(result.error(), scratch, file);
}

/// All warnings of a file that loads.
inline std::string warnings_of(Scratch const& scratch, std::string const& text) {
    path const file = scratch.write("a.toml", text);
    auto const result = load(file);
    return result ? told(result->warnings, scratch, file)
                  : "faults: " + told(result.error(), scratch, file);
}

}  // namespace sallyport::config
