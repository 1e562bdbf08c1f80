/* Inside the room: a suite with its memory. */
#ifndef EVALS_SUITE_WHOLE_H
#define EVALS_SUITE_WHOLE_H

#include "base/arena.h"
#include "base/file.h"
#include "evals/suite/suite.h"

/* What suite_free gets is the first member. */
struct whole {
    struct suite suite;
    struct arena arena;
    struct suite_case *cases;
    char directory[FILE_PATH_MAX];
};

#endif
