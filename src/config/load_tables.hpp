// The tables of the file, one function each: from a Section to the struct of config.hpp.
#pragma once

#include "config/load_section.hpp"

#include <optional>
#include <vector>

namespace sallyport::config {

/// Reads the keys of [tls], which a listener may write too, over what `tls` holds.
void read_tls(Section& in, Tls& tls);
/// Judges a listener's settings after those of [tls] (null: the file has none) were merged in. A
/// fault is told at the line that set the key, wherever that is.
void judge_tls(Section& listener, Section* tls_section, Tls const& tls);

/// A [[backend]] until its protocol is known: that of the listeners which lead to it.
struct BackendSection {
    Section section;
    std::optional<Protocol> protocol;  ///< of the first listener that leads here
    unsigned line = 0;                 ///< where that listener does
};

/// Gives the sections of config.backends, in the same order.
std::vector<BackendSection> read_backends(Section& top, LoadContext& context, Config& config);
/// After the backends: a listener names one, and says which protocol it speaks.
void read_listeners(Section& top, LoadContext& context, Config& config,
                    std::vector<BackendSection>& backends);
/// After the listeners: sets each backend's protocol, and judges what depends on it.
void judge_backends(std::vector<BackendSection>& backends, Config& config);

/// Reads the keys of a [[backend]] that only PostgreSQL knows.
void read_postgres(Section& in, Backend& backend);
/// Whether the section has any of these keys.
bool has_postgres_keys(Section const& in);
/// Judges the settings of a PostgreSQL backend.
void judge_postgres(Section& in, Backend const& backend);
/// Judges the settings of a backend which the listener at `line` makes a MySQL one.
void refuse_postgres_keys(Section& in, unsigned line);

/// After the backends: an account may name one.
void read_accounts(Section& top, LoadContext& context, Config& config);

/// After the listeners: one of them may hold the address of the challenge.
void read_acme(Section& top, LoadContext& context, Config& config);

/// After the listeners and [acme]: the console shows the certificate of a listener, and needs a
/// port of its own.
void read_console(Section& top, LoadContext& context, Config& config);

/// The backend of this name; null where there is none.
Backend const* find_backend(Config const& config, std::string_view name);
/// Reads the name of a backend that must exist.
bool read_backend_name(Section& in, Config const& config, std::string& value);

}  // namespace sallyport::config
