# Flags of each instruction set's file in src/kern.  The files of foreign processors compile to nothing.
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" RC_CPU)
file(GLOB kern_sources ${CMAKE_CURRENT_SOURCE_DIR}/src/kern/*.c)
set_source_files_properties(${kern_sources} PROPERTIES COMPILE_OPTIONS "-O3")
if(RC_CPU MATCHES "x86_64|amd64")
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/src/kern/avx2.c PROPERTIES COMPILE_OPTIONS "-O3;-mavx2;-mfma;-mf16c")
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/src/kern/avx512.c PROPERTIES COMPILE_OPTIONS
    "-O3;-mavx512f;-mavx512vl;-mavx512bw;-mavx512dq;-mfma;-mf16c;-mprefer-vector-width=512")
endif()
