/* The member VERIFY.md: how a stranger checks the bundle. */
#ifndef EXPORT_CUT_VERIFY_MD_H
#define EXPORT_CUT_VERIFY_MD_H

extern const char verify_md[];

#endif
