// The C library in C++: a descriptor that closes itself, errors as exceptions, and bytes as
// std::string; then a round trip over TCP.
#include <rsocket.h>

#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace {

int checked(int result, const char *what) {
    if (result < RSOCKET_EAI_BASE) // a host name that cannot be resolved: no error number
        throw std::runtime_error(std::string(what) + ": " + rsocket_strerror(result));
    if (result < 0)
        throw std::system_error(-result, std::generic_category(), what);
    return result;
}

class Endpoint {
public:
    explicit Endpoint(rsocket_endpoint fd) noexcept : fd_(fd) {}
    Endpoint(Endpoint &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Endpoint &operator=(Endpoint other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Endpoint(const Endpoint &) = delete;
    ~Endpoint() { rsocket_closep(&fd_); }

    static Endpoint connect(const std::string &url, int timeout_ms) {
        return Endpoint(checked(rsocket_connect(url.c_str(), 0, timeout_ms), "connect"));
    }
    static Endpoint listen(const std::string &url) {
        return Endpoint(checked(rsocket_listen(url.c_str(), 0), "listen"));
    }
    Endpoint accept() const { return Endpoint(checked(rsocket_accept(fd_, nullptr, 0), "accept")); }

    void send_all(const std::string &data) const {
        checked(rsocket_send_all(fd_, data.data(), data.size(), 1000, nullptr), "send_all");
    }
    std::string recv(std::size_t most) const {
        std::string data(most, '\0');
        const auto n = rsocket_recv_timeout(fd_, &data[0], data.size(), 0, 1000);
        data.resize(static_cast<std::size_t>(checked(static_cast<int>(n), "recv")));
        return data;
    }
    int port() const {
        rsocket_addr addr;
        checked(rsocket_addr_local(fd_, &addr), "getsockname");
        return checked(rsocket_addr_port(&addr), "port");
    }

private:
    rsocket_endpoint fd_;
};

} // namespace

int main() try {
    const Endpoint listener = Endpoint::listen("tcp://127.0.0.1:0");
    const Endpoint client =
        Endpoint::connect("tcp://127.0.0.1:" + std::to_string(listener.port()), 1000);
    const Endpoint server = listener.accept();
    client.send_all("ping");
    std::cout << server.recv(64) << '\n';
    server.send_all("pong");
    std::cout << client.recv(64) << '\n';
    try {
        Endpoint::connect("unix:/nonexistent", 1000);
    } catch (const std::system_error &error) {
        std::cout << error.what() << '\n';
    }
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
