// HTTPS on threads of its own, apart from the workers: a slow client of the console costs no
// session anything. Which certificate is shown, and what is answered, can be swapped at any time.
#pragma once

#include "console/http.hpp"
#include "console/waiting_room.hpp"
#include "tls/context.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace sallyport::console {

class HttpsServer {
 public:
    /// Connections that are served at the same time: scrapers, and people who fetch a bundle.
    static constexpr std::size_t threads = 8;
    /// Connections that have spoken and wait for one of those; whoever comes after is closed
    /// unheard.
    static constexpr std::size_t max_waiting = 56;

    /// What a connection gets: its certificate and its answers.
    struct Face {
        std::shared_ptr<tls::FrontContext> tls;
        Respond respond;
    };

    HttpsServer();
    /// Cuts what is under way.
    ~HttpsServer();

    /// From the next connection on.
    void show(std::shared_ptr<Face const> face);
    /// Takes over an accepted, non-blocking socket.
    void adopt(int descriptor);

 private:
    void enqueue(int descriptor);
    void work();
    void serve(tls::WaitingStream& stream, Face const& face, bool& is_leaving);
    /// Whether somebody waits for whom no thread is free or about to be. Who is told so counts as
    /// leaving from then on: for one that waits, one goes.
    bool must_leave(bool& is_leaving);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<Face const> face_;
    std::deque<int> waiting_;
    std::set<int> under_way_;  ///< descriptors, to be cut at the end
    std::size_t resting_ = 0;  ///< threads that wait for work
    std::size_t leaving_ = 0;  ///< threads whose connection makes room
    bool is_stopping_ = false;
    std::vector<std::thread> workers_;   ///< they use what is above
    std::unique_ptr<WaitingRoom> room_;  ///< last: it hands over to the workers
};

}  // namespace sallyport::console
