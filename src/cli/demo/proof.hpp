// The proof that the demo works: the stock clients go through the door in the ways that must work
// and in those that must not, and what they found is compared with what the database saw.
#pragma once

#include "cli/demo/client.hpp"

namespace sallyport::cli {

/// Makes every visit and says one line for each. Throws DemoFailure for the first that does not end
/// as it must.
void prove(DemoClient const& client, StopSignals const& stop);

}  // namespace sallyport::cli
