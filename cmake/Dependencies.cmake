# The libraries we stand on; docs/dependencies.md says why each is here. NTPOPT_DEPS_PREFIX points at development files
# that packaging/deps.sh unpacked beside the system's own, where installing them would have replaced something.
set(NTPOPT_DEPS_PREFIX "${CMAKE_SOURCE_DIR}/build/deps/usr" CACHE PATH "Development files unpacked by packaging/deps.sh")
if(EXISTS "${NTPOPT_DEPS_PREFIX}/include/boost/version.hpp")
  set(Boost_INCLUDE_DIR "${NTPOPT_DEPS_PREFIX}/include" CACHE PATH "Boost headers")
  set(Boost_NO_BOOST_CMAKE ON)
endif()
file(GLOB deps_pkgconfig "${NTPOPT_DEPS_PREFIX}/lib/*/pkgconfig")
if(deps_pkgconfig)
  list(JOIN deps_pkgconfig ":" deps_pkgconfig)
  set(ENV{PKG_CONFIG_PATH} "${deps_pkgconfig}:$ENV{PKG_CONFIG_PATH}")
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd>=247)
pkg_check_modules(sdbus REQUIRED IMPORTED_TARGET "sdbus-c++ >= 1.2" "sdbus-c++ < 2")
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
find_program(SDBUS_XML2CPP sdbus-c++-xml2cpp REQUIRED)

# Boost.Asio, compiled once: every other file sees declarations only.
add_library(ntpopt_asio STATIC "${CMAKE_SOURCE_DIR}/cmake/asio.cpp")
target_compile_features(ntpopt_asio PUBLIC cxx_std_20)
target_link_libraries(ntpopt_asio PUBLIC Boost::headers Threads::Threads)
target_compile_definitions(ntpopt_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_ALIGN)
# GCC 12 inlines Asio's coroutine frames halfway and then takes their own operator delete for a mismatch.
target_compile_options(ntpopt_asio INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
# GCC 12 takes the comparison of two executors, once inlined, for a null dereference.
target_compile_options(ntpopt_asio INTERFACE -Wno-null-dereference)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the frame of a coroutine, which Asio allocates and frees itself, for a mismatch.
  target_compile_options(ntpopt_asio PUBLIC -Wno-mismatched-new-delete)
endif()
if(NTPOPT_SANITIZE)
  target_compile_options(ntpopt_asio PUBLIC -fsanitize=${NTPOPT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(ntpopt_asio PUBLIC -fsanitize=${NTPOPT_SANITIZE})
endif()

# Where systemd, D-Bus and polkit look for our files.
function(ntpopt_directory variable module pkg_variable fallback)
  pkg_get_variable(found ${module} ${pkg_variable})
  if(NOT found)
    set(found "${fallback}")
  endif()
  set(${variable} "${found}" CACHE PATH "${pkg_variable}")
endfunction()
ntpopt_directory(NTPOPT_UNIT_DIR systemd systemdsystemunitdir /usr/lib/systemd/system)
ntpopt_directory(NTPOPT_SYSUSERS_DIR systemd sysusersdir /usr/lib/sysusers.d)
set(NTPOPT_DBUS_POLICY_DIR "${CMAKE_INSTALL_DATADIR}/dbus-1/system.d" CACHE PATH "D-Bus policies")
set(NTPOPT_DBUS_SERVICE_DIR "${CMAKE_INSTALL_DATADIR}/dbus-1/system-services" CACHE PATH "D-Bus activation")
set(NTPOPT_DBUS_INTERFACE_DIR "${CMAKE_INSTALL_DATADIR}/dbus-1/interfaces" CACHE PATH "D-Bus interfaces")
