#ifndef MILLRACE_CEXECINFO_SHIM_H
#define MILLRACE_CEXECINFO_SHIM_H

/* The C library's own stack traces, which a signal handler may ask for. */
#include <execinfo.h>

#endif
