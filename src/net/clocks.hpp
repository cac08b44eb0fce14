// The deadlines of one loop, and the one kernel timer that watches over them.
//
// Nearly every deadline is set to run out later than all others and is gone before it does, so the
// kernel is told of the earliest only, and of a later one not before that has passed: no system
// call per connection.
#pragma once

#include <chrono>
#include <map>

namespace sallyport::net {

/// Told, once, that its time has come.
class Clock {
 public:
    virtual void on_time() = 0;

 protected:
    ~Clock() = default;
};

class Clocks {
 public:
    using Time = std::chrono::steady_clock::time_point;
    using Entry = std::multimap<Time, Clock*>::iterator;

    /// Throws system_error where the kernel has no timer left.
    Clocks();
    ~Clocks();
    Clocks(Clocks const&) = delete;
    Clocks& operator=(Clocks const&) = delete;

    /// Calls `clock` at `when`, unless it is removed before.
    Entry add(Time when, Clock& clock);
    /// Of an entry whose clock has not been called yet.
    void remove(Entry entry) { entries_.erase(entry); }

    /// Becomes readable when strike() has something to do.
    int descriptor() const { return timer_; }
    /// Calls every clock whose time has come.
    void strike();

 private:
    void arm(Time when);

    std::multimap<Time, Clock*> entries_;
    int timer_;
    Time armed_ = Time::max();  ///< when the kernel's timer goes off
};

}  // namespace sallyport::net
