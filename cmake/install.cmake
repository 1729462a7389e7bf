# What is installed: librecur (static and shared), the command, header, pkg-config file, exported targets, manual pages.
# The floors' objects are taken as they are: nothing is compiled twice.
include(CMakePackageConfigHelpers)
set(OBJECTS)
foreach(floor ${FLOORS})
  if(TARGET f_${floor})
    list(APPEND OBJECTS $<TARGET_OBJECTS:f_${floor}>)
  endif()
endforeach()

foreach(form static shared)
  string(TOUPPER ${form} FORM)
  add_library(recur_${form} ${FORM} ${OBJECTS})
  add_library(recur::${form} ALIAS recur_${form})
  set_target_properties(recur_${form} PROPERTIES OUTPUT_NAME recur EXPORT_NAME ${form} LINKER_LANGUAGE C)
  target_include_directories(recur_${form} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(recur_${form} PRIVATE ${LIBS})
endforeach()
# Before version 1 every minor version may change the interface: it stands in the soname.
set_target_properties(recur_shared PROPERTIES VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")   # only recur_* is seen from outside
  set(SYMBOLS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/recur.map)
  target_link_options(recur_shared PRIVATE -Wl,--version-script=${SYMBOLS})
  set_target_properties(recur_shared PROPERTIES LINK_DEPENDS ${SYMBOLS})
endif()

file(GLOB CLI_SOURCES CONFIGURE_DEPENDS cli/*.c)
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/cli/main.c)
  add_executable(recur ${CLI_SOURCES})
  target_link_libraries(recur PRIVATE recur_static ZLIB::ZLIB PkgConfig::JANSSON m)
  install(TARGETS recur RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/man.cmake)
  include(cmake/man.cmake)
endif()

install(FILES include/recur.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS recur_static recur_shared EXPORT recurTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/recur)
install(EXPORT recurTargets NAMESPACE recur:: DESTINATION ${PACKAGE_DIR})
configure_package_config_file(cmake/recurConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/recurConfig.cmake
                              INSTALL_DESTINATION ${PACKAGE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/recurConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/recurConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/recurConfigVersion.cmake
        DESTINATION ${PACKAGE_DIR})
configure_file(cmake/recur.pc.in ${CMAKE_CURRENT_BINARY_DIR}/recur.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/recur.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
