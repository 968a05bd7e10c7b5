#ifndef MILLRACE_CGMIME_SHIM_H
#define MILLRACE_CGMIME_SHIM_H

#include <gmime/gmime.h>

#endif
