# Warnings are errors in every preset; sanitizers come from the preset alone.
add_library(lakegate_flags INTERFACE)
target_compile_options(lakegate_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports std::variant and std::optional members as maybe uninitialised under -O2.
  target_compile_options(lakegate_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
else()
  # The compiler of the fuzz targets alone, whose warnings are others.
  target_compile_options(lakegate_flags INTERFACE -Wno-error)
endif()
if(LAKEGATE_SANITIZE)
  add_compile_options(-fsanitize=${LAKEGATE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LAKEGATE_SANITIZE})
endif()
find_program(LAKEGATE_MOLD mold)
if(LAKEGATE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(LAKEGATE_CCACHE ccache)
if(LAKEGATE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LAKEGATE_CCACHE})
endif()
