-- schema -- every table of the store, version 1.
--
-- This text is part of the program, which runs it in each new file and then sets user_version;
-- views.sql follows it. A file of another version is never touched. Native tables have singular
-- names; plural names are left for views that present the file to other tools.
--
-- Times are UTC in ISO 8601. Accuracies are fractions, losses means over images. train_* are the
-- running averages of an epoch, each batch measured before its update. NULL: not measured.

-- The data that runs were trained on. Written when the first of them is planned.
CREATE TABLE dataset (
	name        TEXT NOT NULL,     -- as in the config: 'fashion-mnist'
	sha256      TEXT NOT NULL CHECK (length(sha256) = 64),  -- of shape, counts, pixels and labels
	shape       TEXT NOT NULL,     -- of one image: '1x28x28'
	n_classes   INTEGER NOT NULL CHECK (n_classes >= 0),    -- 0 with targets
	classes     TEXT CHECK (json_valid(classes)),           -- JSON list of names, by label
	train_count INTEGER NOT NULL CHECK (train_count >= 0),  -- images in the whole training file
	test_count  INTEGER NOT NULL CHECK (test_count >= 0),   -- images in the whole test file
	test_labels BLOB,              -- the true class of each test image, one byte an image
	PRIMARY KEY (name, sha256)
) STRICT;

-- The machines and programs that trained. One row for each that differs in anything.
CREATE TABLE environment (
	environment_id  INTEGER PRIMARY KEY,
	cpu             TEXT NOT NULL,     -- model name, from /proc/cpuinfo
	cores           INTEGER NOT NULL,  -- online in the machine; a run may have been granted fewer
	instruction_set TEXT NOT NULL,     -- that the layers ran with: 'avx512' 'avx2' 'neon' ...
	blas            TEXT NOT NULL,     -- '' where no step of the run used it
	blas_kernels    TEXT NOT NULL,     -- that the BLAS chose for this CPU
	compiler        TEXT NOT NULL,     -- that built the runner
	versions        TEXT NOT NULL CHECK (json_valid(versions)),  -- JSON: runner and its libraries
	numerics        INTEGER NOT NULL,  -- raised whenever the bits of a training change
	git_commit      TEXT NOT NULL,     -- of the checkout that the config lies in; '': none
	os              TEXT NOT NULL,     -- distribution, kernel and machine
	UNIQUE (cpu, cores, instruction_set, blas, blas_kernels, compiler, versions, numerics,
		git_commit, os)
) STRICT;

-- The processes that trained. A living one holds a lock on byte worker_id of the file beside the
-- store that ends in .lock; numbers are never used again.
CREATE TABLE worker (
	worker_id  INTEGER PRIMARY KEY AUTOINCREMENT,
	pid        INTEGER NOT NULL,
	host       TEXT NOT NULL,
	started_at TEXT NOT NULL
) STRICT;

-- One training of one resolved config with one seed. train_* to test_* are those of the last epoch.
CREATE TABLE run (
	run_id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- what `runner show` takes; never used again
	name         TEXT NOT NULL,     -- of the config
	config_path  TEXT,              -- as it was given; NULL: not from a file
	config       TEXT NOT NULL,     -- resolved: YAML
	params       TEXT NOT NULL CHECK (json_type(params) = 'object'),  -- the knobs: params->>'pooling'
	run_hash     TEXT UNIQUE CHECK (length(run_hash) = 64),  -- SHA-256 of numerics version, resolved
	                                -- config and data; NULL: set aside, another run took its place
	variant_hash TEXT NOT NULL CHECK (length(variant_hash) = 64),  -- the same without the seed
	prefix_hash  TEXT CHECK (length(prefix_hash) = 64),  -- the same without the number of epochs;
	                                -- NULL where something depends on their total
	dataset      TEXT NOT NULL,
	seed         INTEGER NOT NULL,
	status       TEXT NOT NULL DEFAULT 'queued' CHECK (status IN
		('queued', 'running', 'done', 'failed', 'diverged', 'interrupted')),
	worker_id    INTEGER REFERENCES worker,  -- that trains it, or did last
	created_at   TEXT NOT NULL,
	started_at   TEXT,              -- first time
	finished_at  TEXT,              -- NULL until it is done, failed or diverged
	seconds      REAL CHECK (seconds >= 0),  -- of all its epochs
	epochs       INTEGER NOT NULL CHECK (epochs >= 0),  -- that it is to have
	epochs_done  INTEGER NOT NULL DEFAULT 0 CHECK (epochs_done >= 0),
	train_loss     REAL,
	train_accuracy REAL CHECK (train_accuracy BETWEEN 0 AND 1),
	val_loss       REAL,
	val_accuracy   REAL CHECK (val_accuracy BETWEEN 0 AND 1),
	test_loss      REAL,
	test_accuracy  REAL CHECK (test_accuracy BETWEEN 0 AND 1),
	best_epoch         INTEGER,     -- that early stopping or `best` found
	untrained_accuracy REAL CHECK (untrained_accuracy BETWEEN 0 AND 1),  -- of the initial weights, on test
	parameters         INTEGER NOT NULL CHECK (parameters >= 0),  -- trained numbers
	macs               INTEGER NOT NULL CHECK (macs >= 0),  -- multiply-adds of one image forward, in
	                                -- conv2d and linear; padded positions included, bias not
	examples_per_second REAL,       -- of forward, backward and update; without evaluation
	weights_hash   TEXT CHECK (length(weights_hash) = 64),  -- SHA-256 of the tensors in safetensors
	                                -- order, little-endian, after the last epoch
	error          TEXT,            -- why it failed or diverged
	environment_id INTEGER REFERENCES environment,
	dataset_sha256 TEXT NOT NULL,
	FOREIGN KEY (dataset, dataset_sha256) REFERENCES dataset (name, sha256),
	CHECK (status <> 'running' OR worker_id IS NOT NULL)
) STRICT;
CREATE INDEX run_by_variant ON run (variant_hash);
CREATE INDEX run_by_name ON run (name);
CREATE INDEX run_by_status ON run (status);

-- What was chosen for a run: 'seed', every 'params.*', and every swept or overridden key.
CREATE TABLE run_param (
	run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	key    TEXT NOT NULL,  -- whole path: 'params.pooling', 'train.lr'
	value  ANY,            -- a number or text as in the config; lists and maps are JSON
	PRIMARY KEY (run_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_param_by_key ON run_param (key, value);

-- A set of runs that a config's `sweep:` or a command line spans.
CREATE TABLE sweep (
	sweep_id    INTEGER PRIMARY KEY AUTOINCREMENT,
	name        TEXT NOT NULL,
	config_path TEXT,
	question    TEXT,           -- as the config puts it
	spec        TEXT NOT NULL CHECK (json_valid(spec)),  -- JSON: axes, repeats, claims
	created_at  TEXT NOT NULL
) STRICT;

-- A run may belong to many sweeps.
CREATE TABLE sweep_run (
	sweep_id INTEGER NOT NULL REFERENCES sweep ON DELETE CASCADE,
	run_id   INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	position INTEGER NOT NULL,  -- in the sweep's order, from 0
	PRIMARY KEY (sweep_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_run_by_run ON sweep_run (run_id);

-- One row at the end of each epoch.
CREATE TABLE epoch (
	run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	epoch  INTEGER NOT NULL CHECK (epoch >= 1),
	lr     REAL,                -- learning rate of its last update
	train_loss     REAL,
	train_accuracy REAL CHECK (train_accuracy BETWEEN 0 AND 1),
	val_loss       REAL,
	val_accuracy   REAL CHECK (val_accuracy BETWEEN 0 AND 1),
	test_loss      REAL,
	test_accuracy  REAL CHECK (test_accuracy BETWEEN 0 AND 1),
	seconds        REAL CHECK (seconds >= 0),  -- the whole epoch, evaluation included
	examples_per_second REAL,   -- training alone: forward, backward, update
	weights_hash   TEXT CHECK (length(weights_hash) = 64),  -- at its end
	PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

-- The training curve within epochs: five points an epoch, or one each train.log_every updates.
CREATE TABLE point (
	run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	step   INTEGER NOT NULL CHECK (step >= 1),  -- updates done since the run began
	epoch  REAL NOT NULL CHECK (epoch >= 0),    -- where it is drawn: 1.4 is 40 % into the second
	train_loss     REAL,        -- running averages since the epoch began
	train_accuracy REAL CHECK (train_accuracy BETWEEN 0 AND 1),
	PRIMARY KEY (run_id, step)
) STRICT, WITHOUT ROWID;

-- What else a config asks for, such as train.log_norms.
CREATE TABLE metric (
	run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	epoch  INTEGER NOT NULL CHECK (epoch >= 0),  -- 0: before the first update
	layer  TEXT NOT NULL,       -- path as in table layer; '': the whole network
	name   TEXT NOT NULL,
	value  REAL,                -- NULL: not a finite number
	PRIMARY KEY (run_id, epoch, layer, name)
) STRICT, WITHOUT ROWID;

-- The network, one row a layer, blocks before their children.
CREATE TABLE layer (
	run_id     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	position   INTEGER NOT NULL,  -- from 0
	path       TEXT NOT NULL,     -- '3.body.0'
	name       TEXT,              -- that the config gave it
	kind       TEXT NOT NULL,     -- 'conv2d'
	output_shape TEXT NOT NULL,   -- '6x28x28', '400'
	parameters INTEGER NOT NULL CHECK (parameters >= 0),
	macs       INTEGER NOT NULL CHECK (macs >= 0),  -- as in table run
	receptive_field TEXT,         -- 'HxW' pixels of the input that one output sees; NULL: not local
	PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

-- What the trained network said.
CREATE TABLE prediction (
	run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	split  TEXT NOT NULL CHECK (split IN ('train', 'val', 'test')),
	labels BLOB NOT NULL,         -- the predicted class, one byte an image, in the split's order
	PRIMARY KEY (run_id, split)
) STRICT;

-- Files that belong to a run: weights, pictures, reports.
CREATE TABLE artifact (
	run_id     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	name       TEXT NOT NULL,
	media_type TEXT NOT NULL,     -- 'image/png'
	content    BLOB NOT NULL,
	PRIMARY KEY (run_id, name)
) STRICT;

-- Whole states to go on from. The newest of each kind is kept.
CREATE TABLE checkpoint (
	run_id  INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	kind    TEXT NOT NULL,        -- 'last', 'best'
	epoch   INTEGER NOT NULL CHECK (epoch >= 0),  -- epochs that are complete
	batch   INTEGER NOT NULL CHECK (batch >= 0),  -- batches done of the next one
	part    INTEGER NOT NULL CHECK (part >= 0),   -- from 0: content is cut, since a value has a limit
	content BLOB NOT NULL CHECK (length(content) <= 67108864),
	PRIMARY KEY (run_id, kind, part)
) STRICT;

-- What a config's `expect:` asked and what came out.
CREATE TABLE expectation (
	run_id    INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	position  INTEGER NOT NULL,   -- in the config, from 0
	subject   TEXT NOT NULL,      -- 'output', 'gradient 0.weight', 'train_loss' ...
	expected  TEXT,               -- as written
	actual    TEXT,
	tolerance REAL,               -- absolute
	largest_difference REAL,
	summed_difference  REAL,
	held      INTEGER NOT NULL CHECK (held IN (0, 1)),
	PRIMARY KEY (run_id, position)
) STRICT, WITHOUT ROWID;

-- Verdicts on claims.
CREATE TABLE comparison (
	comparison_id INTEGER PRIMARY KEY,
	sweep_id    INTEGER REFERENCES sweep ON DELETE CASCADE,
	claim       TEXT NOT NULL,    -- as the config puts it
	form        TEXT NOT NULL,    -- 'better', 'equal_within', 'published'
	metric      TEXT NOT NULL,    -- 'test_accuracy'
	n           INTEGER NOT NULL, -- pairs of runs
	difference  REAL,             -- mean of the paired differences
	low         REAL,             -- 95 % interval of that mean
	high        REAL,
	p           REAL CHECK (p BETWEEN 0 AND 1),
	verdict     TEXT NOT NULL CHECK (verdict IN ('supported', 'contradicted', 'undecided')),
	computed_at TEXT NOT NULL
) STRICT;

-- What happened, for people: warnings, notes, interruptions.
CREATE TABLE event (
	event_id INTEGER PRIMARY KEY,
	run_id   INTEGER REFERENCES run ON DELETE CASCADE,  -- NULL: not about one run
	at       TEXT NOT NULL,
	kind     TEXT NOT NULL,       -- 'warning', 'note' ...
	text     TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_run ON event (run_id);
