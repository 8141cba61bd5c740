package io.hatflow.job;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.hatflow.inference.batch.BatchStatistics;
import io.hatflow.inference.bundle.BundleException;
import io.hatflow.inference.bundle.BundleInfo;
import io.hatflow.inference.bundle.SignerKey;
import io.hatflow.inference.label.Evidence;
import io.hatflow.inference.label.LabelScore;
import io.hatflow.inference.onnx.Device;
import io.hatflow.inference.onnx.DeviceException;

/** The walls of the job module. */
@AnalyzeClasses(packages = "io.hatflow.job", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule nativeLibrariesStayBehindTheInferenceModule = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.onnxruntime..", "ai.djl..")
            .because("the inference module owns sessions and tokenizers")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule kryoIsNeverUsed = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.esotericsoftware.kryo..")
            .because("every type on a stream has a serializer of its own, with a defined evolution")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule theJobUsesTheInferenceModuleThroughItsFront = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("io.hatflow.inference.*..")
                    .and(not(belongToAnyOf(
                            BundleInfo.class,
                            BundleException.class,
                            SignerKey.class,
                            BatchStatistics.class,
                            LabelScore.class,
                            Evidence.class,
                            Device.class,
                            Device.Kind.class,
                            DeviceException.class))))
            .because("what is behind DocumentClassifier may change without the job");
}
