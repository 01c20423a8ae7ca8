-- views -- what people ask the store, answered in SQL that any SQLite can run (3.39 or newer, with
-- its built-in mathematical functions). Runs that were set aside are in none but curve and confusion.

-- The two-sided 95 % quantile of Student's t: exact to 9 places up to 30 degrees of freedom. Above,
-- Abramowitz and Stegun 26.7.5 (its first four terms) is within 2e-6.
CREATE VIEW student (df, t) AS VALUES
	( 1, 12.706204736), ( 2, 4.302652730), ( 3, 3.182446305), ( 4, 2.776445105),
	( 5,  2.570581836), ( 6, 2.446911851), ( 7, 2.364624252), ( 8, 2.306004135),
	( 9,  2.262157163), (10, 2.228138852), (11, 2.200985160), (12, 2.178812830),
	(13,  2.160368656), (14, 2.144786688), (15, 2.131449546), (16, 2.119905299),
	(17,  2.109815578), (18, 2.100922040), (19, 2.093024054), (20, 2.085963447),
	(21,  2.079613845), (22, 2.073873068), (23, 2.068657610), (24, 2.063898562),
	(25,  2.059538553), (26, 2.055529439), (27, 2.051830516), (28, 2.048407142),
	(29,  2.045229642), (30, 2.042272456);

-- What sets a variant apart from the others of its name and data: 'lr=0.9, pooling=max_pool2d'. A key
-- counts when its value differs among them or some lack it. Empty when there is nothing to tell apart.
CREATE VIEW label AS
WITH
newest AS MATERIALIZED (  -- SQLite takes the bare columns from the row of the max
	SELECT variant_hash, name, dataset, max(run_id) AS run_id FROM run GROUP BY variant_hash),
setting AS MATERIALIZED (
	SELECT newest.variant_hash, newest.name, newest.dataset, key, value
	FROM newest JOIN run_param USING (run_id) WHERE key <> 'seed'),
peers AS (
	SELECT name, dataset, count(*) AS n FROM newest GROUP BY name, dataset),
told AS MATERIALIZED (
	SELECT setting.name, setting.dataset, key
	FROM setting JOIN peers ON peers.name = setting.name AND peers.dataset = setting.dataset
	GROUP BY setting.name, setting.dataset, key
	HAVING count(DISTINCT quote(value)) > 1 OR count(*) < max(peers.n))
SELECT newest.variant_hash, newest.name, newest.dataset,
	coalesce((
		SELECT group_concat(text, ', ') FROM (
			SELECT CASE
					WHEN key GLOB 'params.*' THEN substr(key, 8)
					WHEN key GLOB 'train.*' THEN substr(key, 7)
					ELSE key
				END || '=' || coalesce(value, 'null') AS text
			FROM setting JOIN told USING (name, dataset, key)
			WHERE setting.variant_hash = newest.variant_hash
			ORDER BY key)), '') AS label
FROM newest;

-- Over the seeds of a variant: mean, standard deviation (n - 1) and the 95 % interval of the mean of
-- each metric. n counts the runs that are done; diverged ones are counted beside it, in no mean.
CREATE VIEW variant AS
WITH
value AS (
	SELECT variant_hash, metric.column1 AS metric,
		CASE metric.column1
			WHEN 'train_loss' THEN train_loss
			WHEN 'train_accuracy' THEN train_accuracy
			WHEN 'val_loss' THEN val_loss
			WHEN 'val_accuracy' THEN val_accuracy
			WHEN 'test_loss' THEN test_loss
			WHEN 'test_accuracy' THEN test_accuracy
		END AS x
	FROM run CROSS JOIN (VALUES ('train_loss'), ('train_accuracy'), ('val_loss'),
		('val_accuracy'), ('test_loss'), ('test_accuracy')) AS metric
	WHERE status = 'done' AND run_hash IS NOT NULL),
centred AS (  -- two passes: the sum of squares about the mean loses no digits
	SELECT variant_hash, metric, x, avg(x) OVER (PARTITION BY variant_hash, metric) AS mean
	FROM value WHERE x IS NOT NULL),
spread AS (
	SELECT variant_hash, metric, count(*) AS n, mean,
		CASE WHEN count(*) > 1 THEN sqrt(sum((x - mean) * (x - mean)) / (count(*) - 1)) END AS sd
	FROM centred GROUP BY variant_hash, metric),
quantile AS (
	SELECT *,
		CASE WHEN n <= 31 THEN (SELECT t FROM student WHERE df = n - 1)
			ELSE 1.959963985 + 2.372271230 / (n - 1) + 2.822498616 / ((n - 1) * (n - 1))
				+ 2.555849680 / ((n - 1) * (n - 1) * (n - 1))
		END AS t
	FROM spread),
bounds AS (
	SELECT variant_hash, metric, mean, sd,
		mean - t * sd / sqrt(n) AS low, mean + t * sd / sqrt(n) AS high
	FROM quantile),
statistic AS MATERIALIZED (
	SELECT variant_hash,
		max(mean) FILTER (WHERE metric = 'train_loss') AS train_loss_mean,
		max(sd)   FILTER (WHERE metric = 'train_loss') AS train_loss_sd,
		max(low)  FILTER (WHERE metric = 'train_loss') AS train_loss_low,
		max(high) FILTER (WHERE metric = 'train_loss') AS train_loss_high,
		max(mean) FILTER (WHERE metric = 'train_accuracy') AS train_accuracy_mean,
		max(sd)   FILTER (WHERE metric = 'train_accuracy') AS train_accuracy_sd,
		max(low)  FILTER (WHERE metric = 'train_accuracy') AS train_accuracy_low,
		max(high) FILTER (WHERE metric = 'train_accuracy') AS train_accuracy_high,
		max(mean) FILTER (WHERE metric = 'val_loss') AS val_loss_mean,
		max(sd)   FILTER (WHERE metric = 'val_loss') AS val_loss_sd,
		max(low)  FILTER (WHERE metric = 'val_loss') AS val_loss_low,
		max(high) FILTER (WHERE metric = 'val_loss') AS val_loss_high,
		max(mean) FILTER (WHERE metric = 'val_accuracy') AS val_accuracy_mean,
		max(sd)   FILTER (WHERE metric = 'val_accuracy') AS val_accuracy_sd,
		max(low)  FILTER (WHERE metric = 'val_accuracy') AS val_accuracy_low,
		max(high) FILTER (WHERE metric = 'val_accuracy') AS val_accuracy_high,
		max(mean) FILTER (WHERE metric = 'test_loss') AS test_loss_mean,
		max(sd)   FILTER (WHERE metric = 'test_loss') AS test_loss_sd,
		max(low)  FILTER (WHERE metric = 'test_loss') AS test_loss_low,
		max(high) FILTER (WHERE metric = 'test_loss') AS test_loss_high,
		max(mean) FILTER (WHERE metric = 'test_accuracy') AS test_accuracy_mean,
		max(sd)   FILTER (WHERE metric = 'test_accuracy') AS test_accuracy_sd,
		max(low)  FILTER (WHERE metric = 'test_accuracy') AS test_accuracy_low,
		max(high) FILTER (WHERE metric = 'test_accuracy') AS test_accuracy_high
	FROM bounds GROUP BY variant_hash),
tally AS (
	SELECT variant_hash, count(*) FILTER (WHERE status = 'done') AS n,
		count(*) FILTER (WHERE status = 'diverged') AS n_diverged,
		avg(seconds) FILTER (WHERE status = 'done') AS seconds_mean,
		max(parameters) AS parameters, max(macs) AS macs
	FROM run WHERE run_hash IS NOT NULL GROUP BY variant_hash)
SELECT label.name, label.label, label.dataset, tally.n, tally.n_diverged, statistic.*,
	seconds_mean, parameters, macs
FROM tally JOIN label USING (variant_hash) LEFT JOIN statistic USING (variant_hash)
WHERE tally.n + tally.n_diverged > 0;

-- The variants of each data set, best first: by mean accuracy on validation images where all have
-- them (choosing by test accuracy flatters the choice), else on test images.
CREATE VIEW leaderboard AS
SELECT row_number() OVER (PARTITION BY dataset
		ORDER BY val_accuracy_mean DESC NULLS LAST, test_accuracy_mean DESC NULLS LAST) AS place,
	dataset, name, label, n, n_diverged, val_accuracy_mean, test_accuracy_mean, test_accuracy_sd,
	test_accuracy_low, test_accuracy_high, test_loss_mean, train_loss_mean, seconds_mean,
	parameters, macs, variant_hash
FROM variant
ORDER BY dataset, place;

-- The curves as d2l draws them: the x axis is `epoch`, with training's running averages within
-- epochs and everything at their ends.
CREATE VIEW curve AS
SELECT run_id, name, seed, point.epoch, point.train_loss, point.train_accuracy,
	NULL AS val_loss, NULL AS val_accuracy, NULL AS test_loss, NULL AS test_accuracy
FROM point JOIN run USING (run_id)
WHERE NOT EXISTS (
	SELECT 1 FROM epoch WHERE epoch.run_id = point.run_id AND epoch.epoch = point.epoch)
UNION ALL
SELECT run_id, name, seed, epoch.epoch, epoch.train_loss, epoch.train_accuracy,
	epoch.val_loss, epoch.val_accuracy, epoch.test_loss, epoch.test_accuracy
FROM epoch JOIN run USING (run_id);

-- How often test images of one class were taken for another. Classes are numbers from 0;
-- dataset.classes names them.
CREATE VIEW confusion AS
WITH RECURSIVE
place (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM place
	WHERE i < (SELECT max(length(labels)) FROM prediction WHERE split = 'test')),
counted AS (  -- bytes by subquery: GROUP BY would sort whole BLOBs if it saw them as columns
	SELECT run_id, count(*) AS count,
		hex(substr((SELECT test_labels FROM dataset WHERE dataset.rowid = truth.rowid), i, 1))
			AS actual,
		hex(substr((SELECT labels FROM prediction WHERE prediction.rowid = told.rowid), i, 1))
			AS predicted
	FROM prediction AS told JOIN run USING (run_id)
		JOIN dataset AS truth ON truth.name = run.dataset AND truth.sha256 = run.dataset_sha256
		CROSS JOIN place
	WHERE split = 'test' AND i <= length(labels) AND i <= length(test_labels)
	GROUP BY run_id, actual, predicted)
SELECT run_id,  -- a byte is two hexadecimal digits
	16 * instr('123456789ABCDEF', substr(actual, 1, 1))
		+ instr('123456789ABCDEF', substr(actual, 2, 1)) AS actual,
	16 * instr('123456789ABCDEF', substr(predicted, 1, 1))
		+ instr('123456789ABCDEF', substr(predicted, 2, 1)) AS predicted,
	count
FROM counted;

-- Every two finished runs with the same seed and data but of different variants, both ways round:
-- differences (a - b) by seed are what a comparison stands on.
CREATE VIEW pair AS
SELECT a.dataset, a.seed, a.name AS name_a, label_a.label AS label_a,
	b.name AS name_b, label_b.label AS label_b,
	a.test_accuracy AS test_accuracy_a, b.test_accuracy AS test_accuracy_b,
	a.test_accuracy - b.test_accuracy AS test_accuracy_difference,
	a.test_loss - b.test_loss AS test_loss_difference,
	a.val_accuracy - b.val_accuracy AS val_accuracy_difference,
	a.train_loss - b.train_loss AS train_loss_difference,
	a.run_id AS run_id_a, b.run_id AS run_id_b,
	a.variant_hash AS variant_hash_a, b.variant_hash AS variant_hash_b
FROM run AS a JOIN run AS b ON b.seed = a.seed AND b.dataset = a.dataset
		AND b.dataset_sha256 = a.dataset_sha256 AND b.variant_hash <> a.variant_hash
	JOIN label AS label_a ON label_a.variant_hash = a.variant_hash
	JOIN label AS label_b ON label_b.variant_hash = b.variant_hash
WHERE a.status = 'done' AND b.status = 'done' AND a.run_hash IS NOT NULL AND b.run_hash IS NOT NULL;
