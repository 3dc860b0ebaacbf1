# The compile rules that every target of ours carries, as one INTERFACE target.
add_library(ntpopt_rules INTERFACE)
target_compile_features(ntpopt_rules INTERFACE cxx_std_20)
target_include_directories(ntpopt_rules INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")
target_compile_options(ntpopt_rules INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wcast-align -Wformat=2 -Wimplicit-fallthrough
  $<$<BOOL:${NTPOPT_WERROR}>:-Werror>
  # What g++ 12 says of std::string's own operator+ and of Result once it optimises more than -O1 (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-restrict;-Wno-maybe-uninitialized>)
target_compile_definitions(ntpopt_rules INTERFACE _FILE_OFFSET_BITS=64)

if(NTPOPT_SANITIZE)
  target_compile_options(ntpopt_rules INTERFACE -fsanitize=${NTPOPT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # g++ 12 sees ghosts in instrumented coroutines
  target_link_options(ntpopt_rules INTERFACE -fsanitize=${NTPOPT_SANITIZE})
else()
  # Hardening does not fit under the sanitizers, which bring their own.
  target_compile_options(ntpopt_rules INTERFACE -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  target_compile_definitions(ntpopt_rules INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
  target_link_options(ntpopt_rules INTERFACE -Wl,-z,relro,-z,now)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

find_program(NTPOPT_MOLD mold)
if(NTPOPT_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_link_options(ntpopt_rules INTERFACE -fuse-ld=mold)
endif()

find_program(NTPOPT_CCACHE ccache)
if(NTPOPT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${NTPOPT_CCACHE})
endif()
