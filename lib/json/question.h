/* What a bundle was asked for and what its range holds besides the answer, as members of a JSON object. */
#ifndef LIB_JSON_QUESTION_H
#define LIB_JSON_QUESTION_H

#include "base/obj.h"
#include "export/export.h"

/* The members "question" and "answer"; null while unknown. */
void question_put(struct obj *obj, const struct export_question *q);
/* RFC 3339, omitting a zero fraction. ret has room for TEXT_TIME_MAX bytes. */
void question_time(char *ret, uint64_t ns);

#endif
