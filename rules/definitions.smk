# In: the configuration, the run table.
# Out: what each job's outputs follow from, and the files that it reads, as functions of wildcards.


def locked_versions():
    """The versions of torch and torchvision in the lock file, as canonical JSON."""
    lock = (Path(workflow.basedir) / "requirements.lock").read_text(encoding="utf-8")
    return canonical_json(dict(re.findall(r"^(torch|torchvision)==([\w.+]+)", lock, re.MULTILINE)))


LOCKED_VERSIONS = locked_versions()


def checkpoint_arguments():
    """The arguments of scripts/train.py that say how often to save a checkpoint."""
    intervals = CONFIGURATION.checkpoints.model_dump(exclude_none=True)
    return [word for name, value in intervals.items() for word in (f"--checkpoint-{name}", value)]


def as_data(value):
    """A function for a rule's params that gives `value`, whose braces are no wildcards."""
    return lambda wildcards: value


def data_settings():
    """What the images are, by the names of scripts/data.py's arguments."""
    return {"kind": DATASET.kind, **DATASET.origin}


def data_arguments():
    """The arguments of scripts/data.py that say what to make, and where to find it."""
    words = [DATASET.kind]
    for name, value in DATASET.origin.items():
        text = value if isinstance(value, str) else canonical_json(value)
        words += [f"--{name.replace('_', '-')}", text]
    # Where the images come from has no bearing on what they are: their digest is given.
    if not DATASET.is_synthetic:
        words += ["--source", *DATASET.source, "--downloads", "results/downloads"]
    return words


def defines_row(wildcards):
    """What the results of a row's jobs follow from, by the names of their commands' arguments."""
    settings = {"model": MODELS[wildcards.model], "recipe": RECIPES[wildcards.recipe]}
    versions = {"versions": LOCKED_VERSIONS} if VERSIONS_ARE_LOCKED else {}
    return {**settings, **versions}


def defines_rehearsal(wildcards):
    """What a rehearsal follows from, with the device: what runs on one may not run on another."""
    return {**defines_row(wildcards), "device": DEVICE}


def defines_run(wildcards):
    """What the results of a training follow from: those of its row, and the seed."""
    return {**defines_row(wildcards), "seed": int(wildcards.seed)}


def recipes_of_steps(model):
    """Recipes whose steps are measured with a model, by the name under which they are."""
    names = {}
    for recipe in dict.fromkeys(run.recipe for run in RUNS if run.model == model):
        points = PLAN.points.get(recipe, [recipe])
        steps = {PLAN.recipes[point].of_one_step().to_json() for point in points}
        # Points that differ in what has no bearing on a step are one.
        names |= {recipe: points[0]} if len(steps) == 1 else {point: point for point in points}
    return names


def defines_cost(wildcards):
    """What the costs of a model follow from, by the names of scripts/cost.py's arguments."""
    names = recipes_of_steps(wildcards.model)
    recipes = {name: PLAN.recipes[recipe].of_one_step() for name, recipe in names.items()}
    return {
        "model": MODELS[wildcards.model],
        "recipes": canonical_json({name: recipe.model_dump() for name, recipe in recipes.items()}),
        "device": DEVICE,
        "threads": THREADS,
    }


def defines_model(wildcards):
    """The settings of a job's model, as canonical JSON, by the name of a command's argument."""
    return {"model": MODELS[wildcards.model]}


FLIPS_ARGUMENT = "--flips" if CONFIGURATION.evaluation.flips else ""


def defines_evaluation(wildcards):
    """What the predictions of a run follow from, by the names of scripts/evaluate.py's arguments."""
    return {
        **defines_model(wildcards),
        "flips": CONFIGURATION.evaluation.flips,
        "validation": PLAN.recipes[wildcards.recipe].validation,
    }


def split_with_held_out(wildcards):
    """The description of the training split, where a run's recipe held out a share of it."""
    return DATA / "train.json" if PLAN.recipes[wildcards.recipe].validation else []


def images_at_once(wildcards):
    """How many images an evaluation computes at once."""
    return PLAN.recipes[wildcards.recipe].images_at_once


def local_weights(wildcards):
    """The local file that a job's model starts from, if any."""
    return [path] if (path := CONFIGURATION.models[wildcards.model].local_weights) else []


def initial_weights(wildcards):
    """The output of the stage weights that a job's model starts from, if any."""
    is_pretrained = CONFIGURATION.models[wildcards.model].is_pretrained
    return RESULTS / f"weights/{wildcards.model}.safetensors" if is_pretrained else []


def rehearsals_of_model(wildcards):
    """The rehearsals of one model's rows, in the order of canonical JSON."""
    names = sorted(recipes_of_steps(wildcards.model).items())
    return [str(REHEARSAL).format(model=wildcards.model, recipe=recipe) for _, recipe in names]


def of_all_runs(pattern):
    """`pattern` with {model}, {recipe} and {seed}, filled in for every run."""
    return [str(pattern).format(**run._asdict()) for run in RUNS]


def of_all_models(pattern):
    """`pattern` with {model}, filled in for every model that is compared."""
    return [str(pattern).format(model=model) for model in COMPARED_MODELS]


def of_all_rows(pattern):
    """`pattern` with {model} and {recipe}, filled in for every row of the comparison."""
    return [str(pattern).format(model=model, recipe=recipe) for model, recipe in ROWS]


def runs_of_row(wildcards):
    """The folders of the runs of one row of the comparison."""
    return [str(RUN).format(**run._asdict()) for run in ROWS[wildcards.model, wildcards.recipe]]


def runs_of_model(wildcards):
    """The folders of the runs of one model, with every recipe."""
    return [str(RUN).format(**run._asdict()) for run in RUNS if run.model == wildcards.model]
