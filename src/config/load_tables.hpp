// The tables of the file, one function each: from a Section to the struct of config.hpp.
#pragma once

#include "config/load_section.hpp"

namespace sallyport::config {

/// Reads the keys of [tls], which a listener may write too, over what `tls` holds.
void read_tls(Section& in, Tls& tls);
/// Judges a listener's settings after those of [tls] (null: the file has none) were merged in. A
/// fault is told at the line that set the key, wherever that is.
void judge_tls(Section& listener, Section* tls_section, Tls const& tls);

void read_backends(Section& top, LoadContext& context, Config& config);
/// After the backends: a listener names one.
void read_listeners(Section& top, LoadContext& context, Config& config);
/// After the backends: an account may name one.
void read_accounts(Section& top, LoadContext& context, Config& config);

/// The backend of this name; null where there is none.
Backend const* find_backend(Config const& config, std::string_view name);
/// Reads the name of a backend that must exist.
bool read_backend_name(Section& in, Config const& config, std::string& value);

}  // namespace sallyport::config
