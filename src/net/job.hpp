// Something to call once, whatever it holds: std::function wants copies, and what resumes a
// coroutine cannot be copied.
#pragma once

#include <memory>
#include <utility>

namespace sallyport::net {

class Job {
 public:
    template <class Function>
    explicit Job(Function function)
        : held_(std::make_unique<Held<Function>>(std::move(function))) {}

    /// To be called once.
    void operator()() { held_->call(); }

 private:
    struct Base {
        virtual ~Base() = default;
        virtual void call() = 0;
    };
    template <class Function>
    struct Held final : Base {
        explicit Held(Function held) : function(std::move(held)) {}
        void call() override {
            // The frame of what is called may free the memory that it was kept in.
            auto called = std::move(function);
            called();
        }
        Function function;
    };

    std::unique_ptr<Base> held_;
};

}  // namespace sallyport::net
