# One library per folder of src/, one test program per folder of tests/unit/.

# sallyport_library(NAME LIBS...): every .cpp of the calling folder (and its sub-folders), linked to LIBS.
function(sallyport_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "*.cpp")
  add_library(sallyport_${name} STATIC ${sources})
  target_include_directories(sallyport_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(sallyport_${name} PUBLIC ${ARGN})
endfunction()

# sallyport_tests(NAME LIBS...): every .cpp under tests/unit/NAME as one GoogleTest program.
function(sallyport_tests name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp")
  add_executable(${name}_tests ${sources})
  target_include_directories(${name}_tests PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name}_tests PRIVATE ${ARGN} GTest::gtest_main)
  gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST)
endfunction()

# sallyport_loop_tests(NAME LIBS...): likewise, for tests that use a loop: each runs on epoll and,
# under a name of its own, on io_uring.
function(sallyport_loop_tests name)
  sallyport_tests(${name} ${ARGN})
  gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST TEST_SUFFIX " on io_uring"
    PROPERTIES ENVIRONMENT "SALLYPORT_IO_METHOD=io_uring" TEST_LIST ${name}_uring_tests)
endfunction()
