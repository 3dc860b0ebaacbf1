// The one translation unit that holds Boost.Asio's code; see cmake/Dependencies.cmake.
#include <boost/asio/impl/src.hpp>
