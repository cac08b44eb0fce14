// How people come to one of the demo's databases with its stock client: the proof does it, and the
// guide prints it.
#pragma once

#include "cli/demo/child.hpp"

#include <cstdint>

namespace sallyport::cli {

/// Where one database is reached, both on 127.0.0.1.
struct DemoPorts {
    std::uint16_t door = 0;
    std::uint16_t database = 0;
};

/// One visit that must be let in, and what the database must see.
struct DemoVisit {
    std::string what;
    Arguments arguments;
    std::string user;
    std::string version{};  ///< empty: whatever the client can do
    std::string subject{};  ///< of the client's certificate, where the database can tell
};

/// One that must not, and the words that must tell so.
struct DemoRefusal {
    std::string what;
    Arguments arguments;
    std::string error;
    std::string by;
};

struct DemoClient {
    std::string database;  ///< "MariaDB"
    DemoPorts ports;

    std::filesystem::path program;
    Arguments manner;  ///< after each visit's own: tabs between columns, and no ornaments
    /// Its stdin. The client tells what its own library knows of the connection, and the database
    /// answers with a row: 'seen', user, TLS version, cipher, and the certificate's subject.
    std::string question;
    Arguments before_cipher;  ///< what may stand before the cipher in the client's own words
    std::vector<DemoVisit> visits;
    std::vector<DemoRefusal> refusals;

    std::string with_password;     ///< a command to paste
    std::string with_certificate;  ///< another
    std::string look;              ///< SQL that shows what the database sees
    std::string directly;          ///< what to change in the commands to leave out the door
};

}  // namespace sallyport::cli
