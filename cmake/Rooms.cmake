# lakegate_room(<name> [DEPENDS room...] [LIBRARIES target...] [TEST_LIBRARIES target...])
#
# One room of the house: every src/<name>/*.cc is its source, every *_test.cc its tests.
# The dependencies named here are the only arrows the room may have; tests/arrows reads the
# includes and compares them with the table written by lakegate_write_room_table().
define_property(GLOBAL PROPERTY LAKEGATE_ROOM_TABLE)
define_property(GLOBAL PROPERTY LAKEGATE_ROOMS)

function(lakegate_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")

  add_library(lg_${name} STATIC ${sources})
  target_include_directories(lg_${name} PUBLIC
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(lg_${name} PRIVATE lakegate_flags)
  foreach(other IN LISTS ROOM_DEPENDS)
    target_link_libraries(lg_${name} PUBLIC lg_${other})
  endforeach()
  target_link_libraries(lg_${name} PUBLIC ${ROOM_LIBRARIES})

  list(JOIN ROOM_DEPENDS " " depends)
  set_property(GLOBAL APPEND PROPERTY LAKEGATE_ROOM_TABLE "${name}: ${depends}")
  set_property(GLOBAL APPEND PROPERTY LAKEGATE_ROOMS lg_${name})

  if(LAKEGATE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE lakegate_flags lg_${name} GTest::gtest_main
      GTest::gmock ${ROOM_TEST_LIBRARIES})
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
      # Shorter stacks of allocations: most of what the address sanitizer spends on a small test.
      PROPERTIES LABELS ${name} DISCOVERY_TIMEOUT 60
      ENVIRONMENT_MODIFICATION "ASAN_OPTIONS=path_list_prepend:malloc_context_size=6")
  endif()
endfunction()

function(lakegate_write_room_table)
  get_property(rows GLOBAL PROPERTY LAKEGATE_ROOM_TABLE)
  list(JOIN rows "\n" text)
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/rooms.txt" CONTENT "${text}\n")
endfunction()
