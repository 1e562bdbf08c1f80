/* The version of the program, the library and their headers: here alone. The Makefile reads it; this header is installed as
 * <ledger/version.h>. */
#ifndef LEDGER_VERSION_H
#define LEDGER_VERSION_H

#define LEDGER_VERSION "0.2.0"

/* Comparable by the preprocessor: 1000000 * major + 1000 * minor + patch. */
#define LEDGER_VERSION_NUMBER 2000

#endif
