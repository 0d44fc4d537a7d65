# The Rust bridge: one release build of the staticlib, outside the checkout, serves every
# preset. `make bridge` runs cargo; CMake only links what it left behind, so that a C++
# change never waits for cargo.
if(DEFINED ENV{LAKEGATE_TARGET_DIR})
  set(default_target_dir "$ENV{LAKEGATE_TARGET_DIR}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(default_target_dir "$ENV{XDG_CACHE_HOME}/lakegate/target")
else()
  set(default_target_dir "$ENV{HOME}/.cache/lakegate/target")
endif()
set(LAKEGATE_TARGET_DIR "${default_target_dir}" CACHE PATH "cargo's target directory")
set(bridge_archive "${LAKEGATE_TARGET_DIR}/release/liblakegate_bridge.a")

# The archive itself: linked into the product.
add_library(lakegate_bridge_static INTERFACE)
target_include_directories(lakegate_bridge_static INTERFACE "${PROJECT_SOURCE_DIR}/bridge/include")
target_link_libraries(lakegate_bridge_static INTERFACE "${bridge_archive}" pthread dl m)

# The same archive wrapped once as a shared object with our symbols alone: linked by the unit
# tests, so that a dozen test programs do not each carry the engine, and so that the thread
# sanitizer can tell instrumented code from Rust's.
set(bridge_map "${PROJECT_SOURCE_DIR}/bridge/exports.map")
set(bridge_shared "${PROJECT_BINARY_DIR}/liblakegate_bridge.so")
add_custom_command(OUTPUT "${bridge_shared}"
  COMMAND ${CMAKE_CXX_COMPILER} -shared -fuse-ld=mold -o "${bridge_shared}"
          -Wl,--whole-archive "${bridge_archive}" -Wl,--no-whole-archive
          -Wl,--version-script=${bridge_map} -Wl,-soname,liblakegate_bridge.so
          -lpthread -ldl -lm
  DEPENDS "${bridge_archive}" "${bridge_map}" VERBATIM)
add_custom_target(lakegate_bridge_shared_file DEPENDS "${bridge_shared}")
add_library(lakegate_bridge_shared SHARED IMPORTED GLOBAL)
set_target_properties(lakegate_bridge_shared PROPERTIES
  IMPORTED_LOCATION "${bridge_shared}" IMPORTED_SONAME "liblakegate_bridge.so")
target_include_directories(lakegate_bridge_shared INTERFACE "${PROJECT_SOURCE_DIR}/bridge/include")
add_dependencies(lakegate_bridge_shared lakegate_bridge_shared_file)

# Only headers: what the engine room's own sources need to compile.
add_library(lakegate_bridge_headers INTERFACE)
target_include_directories(lakegate_bridge_headers INTERFACE "${PROJECT_SOURCE_DIR}/bridge/include")
