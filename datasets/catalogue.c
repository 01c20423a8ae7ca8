/* catalogue -- see catalogue.h. Addresses are tried in their order; $RUNNER_MIRROR goes first. */
#include "datasets/catalogue.h"

#include <string.h>

const struct catalogue_file catalogue_files[CATALOGUE_FILES] = {
	[TRAIN_IMAGES] = {"train-images-idx3-ubyte", "training images"},
	[TRAIN_LABELS] = {"train-labels-idx1-ubyte", "training labels"},
	[TEST_IMAGES] = {"t10k-images-idx3-ubyte", "test images"},
	[TEST_LABELS] = {"t10k-labels-idx1-ubyte", "test labels"},
};

/* clang-format off */
const struct catalogue_set catalogue[] = {
	{
		.name = "mnist",
		.title = "MNIST: handwritten digits",
		.torchvision = "MNIST",
		.terms = "Y. LeCun, C. Cortes; CC BY-SA 3.0",
		.shape = {3, 1, 28, 28},
		.n_train = 60000,
		.n_test = 10000,
		.mean = 0.1307,
		.std = 0.3081,
		.mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/"},
		.sums = {
			{9912422,
				"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
				"741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"},
			{28881,
				"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
				"1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"},
			{1648877,
				"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
				"6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"},
			{4542,
				"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
				"ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"},
		},
		.classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
	},
	{
		.name = "fashion-mnist",
		.title = "Fashion-MNIST: articles of clothing",
		.torchvision = "FashionMNIST",
		.terms = "MIT, Copyright (c) 2017 Zalando SE, https://tech.zalando.com",
		.shape = {3, 1, 28, 28},
		.n_train = 60000,
		.n_test = 10000,
		.mean = 0.2860,
		.std = 0.3530,
		.mirrors = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/"
			"data/fashion/"},
		.sums = {
			{26421880,
				"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
				"2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012"},
			{29515,
				"a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
				"657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"},
			{4422102,
				"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
				"c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"},
			{5148,
				"67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
				"3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"},
		},
		.classes = {"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
			"sneaker", "bag", "ankle boot"},
	},
	{0},
};
/* clang-format on */

const struct catalogue_set *catalogue_find(const char *name)
{
	for (const struct catalogue_set *set = catalogue; set->name; set++)
		if (!strcmp(set->name, name))
			return set;
	return NULL;
}

const struct catalogue_set *catalogue_of_data(const char *data_sha256, int *file)
{
	for (const struct catalogue_set *set = catalogue; set->name; set++)
		for (*file = 0; *file < CATALOGUE_FILES; ++*file)
			if (!strcmp(set->sums[*file].data_sha256, data_sha256))
				return set;
	return NULL;
}
