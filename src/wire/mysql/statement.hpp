// The few statements that concern the door, told from all others by their first words. This is not
// a parser of SQL: a statement that is not written in the plainest way passes as it is.
// Private to wire/mysql.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport::mysql {

struct Statement {
    enum class Kind {
        other,   ///< none of our business
        kill,    ///< KILL [HARD|SOFT] [CONNECTION|QUERY] <number>
        reload,  ///< ALTER INSTANCE RELOAD TLS, FLUSH SSL
    };
    Kind kind = Kind::other;
    std::string_view number{};  ///< of a KILL: its digits, within the text
};

/// `text` is a whole statement; comments, any case and one semicolon at its end are allowed.
Statement recognise(std::string_view text);

/// Whether a statement that begins with `text` may turn out to be one of ours.
bool may_become_ours(std::string_view text);

}  // namespace sallyport::mysql
