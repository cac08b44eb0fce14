// Where accepted connections wait until their first message is there: whoever has sent nothing, or
// a part of a TLS hello only, costs a descriptor but no thread.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport::console {

class WaitingRoom {
 public:
    /// More than scrapers and people come at once, and few beside the descriptors of sessions. In a
    /// full room the one who has been silent the longest gives way to a newcomer.
    static constexpr std::size_t max_guests = 256;
    /// For the first message to be there: a client sends it as soon as it is connected.
    static constexpr std::chrono::seconds silence_limit{10};

    /// Gets each descriptor whose first message is there, on the room's thread, and owns it.
    using Ready = std::function<void(int descriptor)>;

    /// Throws std::system_error where the kernel has no descriptors left.
    explicit WaitingRoom(Ready ready);
    WaitingRoom(WaitingRoom const&) = delete;
    WaitingRoom& operator=(WaitingRoom const&) = delete;
    /// Closes everybody who waits.
    ~WaitingRoom();

    /// Takes over an accepted, non-blocking socket.
    void admit(int descriptor);

 private:
    using Clock = std::chrono::steady_clock;
    struct Guest {
        int descriptor;
        Clock::time_point until;
    };

    void watch();
    void wake() const;
    /// Milliseconds until the first guest's time is up, as epoll_wait wants them; -1: nobody waits.
    int patience();
    /// Removes those whose first message is there, and returns them; closes those who left.
    std::vector<int> sort_out(std::vector<int> const& heard);

    Ready ready_;
    int epoll_;
    int wake_;  ///< an eventfd
    std::mutex mutex_;
    std::list<Guest> guests_;  ///< in the order of arrival
    bool is_stopping_ = false;
    std::thread thread_;  ///< last: it uses the rest
};

}  // namespace sallyport::console
