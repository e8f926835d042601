//! What a person sees after typical mistakes: snapshots of whole messages, to be read by people.

use std::fmt::Write as _;
use std::path::Path;

use foretask_experiment::Settings;
use foretask_script::{Error, Source};

use crate::render;

/// A folder with a table of eight grey images of two classes.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut table = "path,label,split\n".to_owned();
    for index in 0..8_u8 {
        let mut image = b"P5\n16 16\n255\n".to_vec();
        image.extend([index * 30; 256]);
        std::fs::write(folder.path().join(format!("{index}.pgm")), image).unwrap();
        let (class, split) = (if index % 2 == 0 { "bag" } else { "coat" }, if index < 6 { "train" } else { "test" });
        writeln!(table, "{index}.pgm,{class},{split}").unwrap();
    }
    std::fs::write(folder.path().join("clothes.csv"), table).unwrap();
    folder
}

fn message(script: &str, set: &[(&str, &str)]) -> String {
    let folder = folder();
    let mut settings = Settings::new(folder.path().join("runs"));
    settings.set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let name = folder.path().join("mistake.rhai").display().to_string();
    let error = foretask_script::check(Source { name, text: script.to_owned() }, &settings).unwrap_err();
    assert_eq!(error.kind().exit_code(), 2, "{error}");
    cleaned(&error, folder.path())
}

fn cleaned(error: &Error, folder: &Path) -> String {
    render::error(error, render::Style::PLAIN).replace(&format!("{}/", folder.display()), "")
}

/// One script with a mistake in it; a snapshot of what is said about it.
macro_rules! mistakes {
    ($($name:ident: $script:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), message($script, &[]));
        }
    )*};
}

mistakes! {
    misspelt_word: "let data = dataset(\"clothes.csv\");\nlet net = resnet10();\nlet ours = finetuen(net, data);\n";
    misspelt_option: "let net = resnet10(#{\n    widht: 16,\n});\n";
    misspelt_option_in_a_variable: "let options = #{ epohcs: 3 };\nlet data = dataset(\"clothes.csv\");\npretrain(resnet10(), simclr(), data.unlabeled(), options);\n";
    option_of_another_type: "let task = simclr(#{ crop: [0.2, 1.0], temperature: \"hot\" });\n";
    whole_number_wanted: "let net = resnet10(#{ width: 16.0 });\n";
    option_out_of_range: "let task = super_resolution(#{ factor: 99 });\n";
    unknown_choice: "let net = resnet18(#{ stem: \"smal\" });\n";
    undefined_variable: "let data = dataset(\"clothes.csv\");\nlet test = daat.split(\"test\");\n";
    word_without_parentheses: "let task = simclr;\n";
    missing_dataset: "let data = dataset(\"no/such/folder\");\n";
    unknown_split: "let data = dataset(\"clothes.csv\");\nlet test = data.split(\"tset\");\n";
    too_few_rows: "let few = dataset(\"clothes.csv\").split(\"train\").per_class(50);\n";
    bad_predicate: "let some = dataset(\"clothes.csv\").filter(\"lable = 'bag'\");\n";
    swapped_arguments: "let data = dataset(\"clothes.csv\");\nlet pre = pretrain(resnet10(), data.unlabeled(), simclr());\n";
    too_many_arguments: "let data = dataset(\"clothes.csv\");\nlet test = data.split(\"train\", \"test\");\n";
    word_on_the_wrong_value: "let net = resnet10();\nlet test = net.split(\"test\");\n";
    stage_instead_of_encoder: "let data = dataset(\"clothes.csv\");\nlet pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled());\nlet ours = finetune(pre, data.split(\"train\"));\n";
    unknown_property: "let data = dataset(\"clothes.csv\");\nprint(data.clases);\n";
    labels_dropped: "let data = dataset(\"clothes.csv\");\nlet ours = finetune(resnet10(#{ width: 4 }), data.unlabeled());\n";
    unclosed_parenthesis: "let data = dataset(\"clothes.csv\";\nlet net = resnet10();\n";
    mistake_inside_a_function: "fn labeled(n) {\n    dataset(\"clothes.csv\").split(\"trian\").per_class(n)\n}\n\nlet few = labeled(2);\n";
    misspelt_word_in_a_branch_not_taken: "if false {\n    reprot(\"x\", #{});\n}\n";
    writing_outside: "let encoder = random_encoder(resnet10());\nlet data = dataset(\"clothes.csv\");\nencoder.embed(data, \"../../elsewhere.csv\");\n";
    import_outside: "import \"../secrets\" as s;\n";
    endless_loop: "let n = 0;\nloop { n += 1; }\n";
    evaluation_wanted: "let data = dataset(\"clothes.csv\");\nreport(\"clothes\", #{ ours: data });\n";
    task_option_that_does_not_suit: "let data = dataset(\"clothes.csv\");\nlet task = moco(#{\n    queue: 3,\n});\nlet net = resnet10(#{ width: 4 });\nlet pre = pretrain(net, task, data.unlabeled(), #{ steps: 2, batch_size: 2 });\n";
    color_change_of_gray_images: "let data = dataset(\"clothes.csv\");\nlet task = simclr(#{ views: augment(\"simclr\").grayscale(0.2) });\nlet pre = pretrain(resnet10(), task, data.unlabeled());\n";
    unknown_device: "device(\"gpu\");\n";
}

#[test]
fn set_of_another_type() {
    let script = "let labels = param(\"labels\", 10);\n";
    insta::assert_snapshot!("set_of_another_type", message(script, &[("labels", "ten")]));
}

#[test]
fn set_of_an_unknown_param() {
    let script = "let labels = param(\"labels\", 10);\n";
    insta::assert_snapshot!("set_of_an_unknown_param", message(script, &[("lables", "5")]));
}
