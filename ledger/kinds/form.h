/* Inside the catalog: the forms that a kind accepts for its subjects, "package/<manager>/<name>", and which part of a
 * subject a field of the body says again. */
#ifndef LEDGER_KINDS_FORM_H
#define LEDGER_KINDS_FORM_H

#include "ledger/kinds/kind.h"

enum kind_part { KIND_PART_NAME, KIND_PART_DIGEST, KIND_PART_SEQ };

/* One form of a subject. */
struct kind_form {
    struct bytes text, prefix; /* "package/" */
    unsigned parts;            /* after it */
    enum kind_part last;
};

#define KIND_FORMS_MAX 4

/* Reads "pack/<name>, tool/<name> or server/<name>", which is borrowed. How many there are. */
size_t kind_forms_read(const char *subject, struct kind_form ret[KIND_FORMS_MAX]);
/* Each part is there; the last one may hold slashes. */
bool kind_form_has(const struct kind_form *form, struct bytes subject);
/* What is before the first slash; empty when there is none. */
struct bytes kind_family(struct bytes subject);
/* Whether a field can say a part of a subject of this form again: "manager" of package/<manager>/<name>, and the first word
 * of the subject for <name> and <id>. */
bool kind_form_restates(const struct kind_form *form, const struct kind_field *field);
/* The part of a subject that has the form's prefix which this field says again; false: none. */
bool kind_form_part(const struct kind_form *form, struct bytes subject, struct bytes field, struct bytes *ret);

#endif
