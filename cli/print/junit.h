/* JUnit XML, as build servers read it: <testsuites><testsuite><testcase>. Valid XML 1.0 whatever the texts are: what XML has
 * no place for is dropped. */
#ifndef CLI_PRINT_JUNIT_H
#define CLI_PRINT_JUNIT_H

#include "base/bytes.h"

enum junit_end { JUNIT_PASSED, JUNIT_FAILURE, JUNIT_ERROR, JUNIT_SKIPPED };

struct junit {
    struct buf cases; /* before it: their counts */
    uint64_t n, end[4];
    double seconds;
};

void junit_init(struct junit *junit);
void junit_done(struct junit *junit);
/* `seconds`: NAN: not known. `message` may be empty; nothing of it is written for JUNIT_PASSED. */
void junit_case(struct junit *junit, struct bytes classname, struct bytes name, double seconds, enum junit_end end,
                struct bytes message);
/* Appends the whole document. */
int junit_write(const struct junit *junit, struct bytes suite, struct buf *out, struct err *err);

#endif
