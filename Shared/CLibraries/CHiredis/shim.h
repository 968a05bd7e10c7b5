#ifndef MILLRACE_CHIREDIS_SHIM_H
#define MILLRACE_CHIREDIS_SHIM_H

/* hiredis.h wants `struct timeval`; eventfd wakes the threads that wait on hiredis' sockets. */
#include <sys/time.h>
#include <sys/eventfd.h>
#include <hiredis/hiredis.h>

#endif
