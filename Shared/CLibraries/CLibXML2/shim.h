#ifndef MILLRACE_CLIBXML2_SHIM_H
#define MILLRACE_CLIBXML2_SHIM_H

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>

#endif
