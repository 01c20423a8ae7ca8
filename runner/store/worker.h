/*
 * worker -- which of the processes that train are alive; for the files of runner/store only.
 *
 * Worker w holds a write lock on byte w of the lock file. The lock is an open-file-description
 * lock: unlike the older kind it is not lost when some library closes the file, and the kernel
 * frees it when the process is gone. A number is made by the table (AUTOINCREMENT), so no two
 * workers ever share one, and it is committed before it is locked and locked before it claims
 * anything.
 */
#ifndef RUNNER_STORE_WORKER_H
#define RUNNER_STORE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/store/sql.h"

/* Finds the lock file's name and opens it, making it if `write`; adds the SQL function
 * worker_alive(worker_id) to the connection. */
int worker_open(struct store *store, bool write);

/* Whether some living process, this one included, is worker `worker_id`. Unsure means yes. */
bool worker_alive(const struct store *store, int64_t worker_id);

#endif
